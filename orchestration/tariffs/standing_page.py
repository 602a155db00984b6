"""Tariff truth and its approval path on one page that needs nothing but itself."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape

from orchestration.tariffs.standing import Standing


def render(standings: Sequence[Standing]) -> str:
    """The page as HTML; every text in it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape(["html"]), trim_blocks=True
    )
    return environment.get_template("standing.html").render(standings=standings)
