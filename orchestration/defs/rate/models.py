"""The dbt models of rate as Dagster assets."""

from orchestration.stage_models import stage_models

rate_models = stage_models("rate")
