"""The dbt models of settle as Dagster assets: what its gate judges, and what reads the gate."""

from orchestration.stage_models import GATE, stage_models

settle_models = stage_models("settle", before=GATE)
settle_models_after_gate = stage_models("settle", reads=GATE)
