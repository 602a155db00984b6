"""The dbt models of inspect as Dagster assets."""

from orchestration.dbt import stage_models

inspect_models = stage_models("inspect")
