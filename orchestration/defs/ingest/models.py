"""The dbt models of ingest as Dagster assets."""

from orchestration.dbt import stage_models

ingest_models = stage_models("ingest")
