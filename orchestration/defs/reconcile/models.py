"""The dbt models of reconcile as Dagster assets."""

from orchestration.dbt import stage_models

reconcile_models = stage_models("reconcile")
