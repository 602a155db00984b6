"""The dbt models of rate as Dagster assets."""

from orchestration.dbt import stage_models

rate_models = stage_models("rate")
