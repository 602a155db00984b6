"""The dbt models of settle as Dagster assets."""

from orchestration.dbt import stage_models

settle_models = stage_models("settle")
