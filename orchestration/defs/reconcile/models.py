"""The dbt models of reconcile as Dagster assets: what is doubted, what its gate judges, and what reads the gate."""

from orchestration.stage_models import GATE, stage_models

REPRICED = ("repriced_claims",)

reconcile_models = stage_models("reconcile", before=(*REPRICED, *GATE))
reconcile_models_after_repricing = stage_models("reconcile", reads=REPRICED, before=GATE)
reconcile_models_after_gate = stage_models("reconcile", reads=GATE)
