"""Gate 3: terms and periods. Writes settle.gate_findings and settle.gate_verdicts."""

from orchestration.gate_asset import gate_asset

settle_gate = gate_asset("settle")
