"""The dbt models of ingest as Dagster assets."""

from orchestration.stage_models import stage_models

ingest_models = stage_models("ingest")
