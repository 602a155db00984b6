"""Partitions: one dynamic set, on statements only."""

import dagster as dg

# A key is `<period>|<partner>`, e.g. 2026-10|emo. Settle adds the keys of the statements it drafts.
STATEMENTS = dg.DynamicPartitionsDefinition(name="statements")
