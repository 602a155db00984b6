"""Gate 2: claims and credits. Writes reconcile.gate_findings and reconcile.gate_verdicts."""

from orchestration.gate_asset import gate_asset

reconcile_gate = gate_asset("reconcile")
