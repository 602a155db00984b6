"""The dbt models of inspect as Dagster assets."""

from orchestration.stage_models import stage_models

inspect_models = stage_models("inspect")
