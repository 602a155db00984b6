"""`evsettle dev`: the Dagster UI on a home, on loopback only."""

import os
import sys
from pathlib import Path

import click
import yaml

from orchestration.dbt import REPOSITORY, ensure_parsed
from orchestration.facts.home import HomeError, open_home


@click.command("dev", epilog="Examples:\n\n  evsettle dev\n\n  evsettle --home /srv/settle dev --port 3100")
@click.option("--port", default=3000, show_default=True, help="Port on 127.0.0.1.")
@click.pass_obj
def command(home_path: Path | None, port: int) -> None:
    """Open the Dagster UI on this home: lineage, runs, checks. It listens on 127.0.0.1 only; Ctrl-C stops it."""
    try:
        home = open_home(home_path)
    except HomeError as error:
        raise click.ClickException(str(error)) from error
    ensure_parsed()
    prepare_instance(home.dagster_dir)
    environment = os.environ | {
        "EVSETTLE_HOME": str(home.root),
        "DAGSTER_HOME": str(home.dagster_dir),
    }
    dagster = Path(sys.executable).with_name("dagster")
    click.echo(f"http://127.0.0.1:{port} in about half a minute; Ctrl-C stops it", err=True)
    os.chdir(REPOSITORY)
    os.execve(  # noqa: S606 - our own interpreter's dagster, no shell
        dagster, [str(dagster), "dev", "--host", "127.0.0.1", "--port", str(port), "-w", "workspace.yaml"], environment
    )


def prepare_instance(folder: Path) -> None:
    """The home's Dagster instance: run history beside the data it describes, no telemetry."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = yaml.safe_load((REPOSITORY / "dagster.yaml").read_text())
    # Written at each start, because a home may be moved.
    settings["event_log_storage"] = {
        "module": "orchestration.run_history",
        "class": "RunHistory",
        "config": {"base_dir": str(folder.resolve() / "history" / "runs")},
    }
    # What a step prints goes to the terminal. To keep a copy, Dagster would start four processes for each run.
    settings["compute_logs"] = {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
    (folder / "dagster.yaml").write_text(yaml.safe_dump(settings))
