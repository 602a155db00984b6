"""Gate 1: the quality of records and sessions. Writes inspect.gate_findings and inspect.gate_verdicts."""

from orchestration.gate_asset import gate_asset

inspect_gate = gate_asset("inspect")
