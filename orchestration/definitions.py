"""The Dagster code location: everything under defs/, found by one mechanism, nothing else."""

import dagster as dg

import orchestration.defs

defs = dg.load_definitions_from_package_module(orchestration.defs)
