"""The Dagster code location: everything under defs/, found by one mechanism, with one resource and one process."""

import os
import warnings

import dagster as dg

import orchestration.defs
from orchestration.defs.resources import Settlement
from orchestration.defs.schedules import progress

with warnings.catch_warnings():
    warnings.simplefilter("ignore", dg.PreviewWarning)
    defs = dg.load_definitions_from_package_module(
        orchestration.defs,
        resources={"settlement": Settlement(home_path=os.environ.get("EVSETTLE_HOME", ""))},
        loggers={"progress": progress, "console": dg.colored_console_logger},
        # The warehouse file has one writer, so a run is one process.
        executor=dg.in_process_executor,
    )
