"""The dbt models of reconcile as Dagster assets: what its gate judges, and what reads the gate."""

from orchestration.stage_models import stage_models

reconcile_models = stage_models("reconcile", side="before")
reconcile_models_after_gate = stage_models("reconcile", side="after")
