"""What a few CDRs more cost a settled month: held back from the landing, landed when it is settled, a second run.

A run of an hour-old month computes what the new records touch; what a step costs more than that shows here, step by
step beside the first run, and model by model.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LATE_FEED = "own/cdrs"
DEAREST = 40


def hold_back(home: Path, count: int, newest: bool = False) -> list[str]:
    """Take so many lines out of the daily files of our own CDRs, spread over the month or its last; returns them."""
    if not count:
        return []
    files = sorted((home / "landing" / LATE_FEED).glob("cdrs-*.ndjson"))
    total = sum(path.read_bytes().count(b"\n") for path in files)
    held_back: list[str] = []
    place = 0
    for path in files:
        kept: list[str] = []
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            is_late = place >= total - count if newest else (place + 1) * count // total > place * count // total
            (held_back if is_late else kept).append(line)
            place += 1
        path.write_text("".join(kept), encoding="utf-8")
    return held_back


def land(home: Path, lines: Sequence[str]) -> None:
    """Land them as a file of their own."""
    (home / "landing" / LATE_FEED / "late.ndjson").write_text("".join(lines), encoding="utf-8")


def show_late(first_run: Mapping[str, Any], second_run: Mapping[str, Any], count: int) -> None:
    """Each step of the second run beside the first one's, and its dearest models. A run: steps and models."""
    first, second = first_run["steps"], second_run["steps"]
    before = {step["name"]: step["cpu_seconds"] for step in first}
    print(f"\n{count:,} CDRs more{'':18}{'seconds':>10}{'cpu s':>10}{'of the first run':>18}")
    for step in second:
        share = 100 * step["cpu_seconds"] / before[step["name"]] if before.get(step["name"]) else 0.0
        print(f"{step['name']:32}{step['seconds']:>10.2f}{step['cpu_seconds']:>10.2f}{share:>16.1f} %")
    for name, is_in in (("stages without publishing", False), ("publishing", True)):
        mine, theirs = (
            sum(step["cpu_seconds"] for step in steps if (step["name"] == "settle/published") == is_in)
            for steps in (second, first)
        )
        print(f"{name:42}{mine:>10.2f}{100 * mine / theirs:>16.1f} %")

    took = {name: seconds for _, name, seconds in first_run["models"]}
    total = sum(seconds for _, _, seconds in second_run["models"])
    print(f"\n{f'its dearest models, of {total:.1f} s of all':42}{'seconds':>7}{'of the first run':>20}")
    for _, name, seconds in sorted(second_run["models"], key=lambda model: -model[2])[:DEAREST]:
        share = f"{100 * seconds / took[name]:>18.1f} %" if took.get(name) else ""
        print(f"{name:42}{seconds:>7.2f}{share}")
