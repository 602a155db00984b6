"""What the first two gates cost of a run: their own steps, and of the steps that build models the part of their flags.

A step's processor time is known as a whole; it is divided among its models by the time that each took. Flags are the
models named so, and whatever nothing but these reads: all that a pipeline without gates would not compute.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

GATED = ("inspect", "reconcile")


def flag_models(manifest: Mapping[str, Any]) -> set[str]:
    """The models, as <stage>/<name>, that exist for the first two gates alone."""
    models = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    readers: dict[str, set[str]] = {key: set() for key in models}
    for key, node in models.items():
        for read in set(node["depends_on"]["nodes"]) & set(models):
            readers[read].add(key)
    early = {key for key, node in models.items() if node["schema"] in GATED}
    flags = {key for key in early if models[key]["name"].endswith("_flags")}
    while more := {key for key in early - flags if readers[key] and readers[key] <= flags}:
        flags |= more
    return {f"{models[key]['schema']}/{models[key]['name']}" for key in flags}


def gate_cost(steps: Sequence[Mapping[str, Any]], models: Sequence[Sequence[Any]]) -> list[tuple[str, float]]:
    """Processor seconds by part. models: step, <stage>/<name>, seconds of each model that was built."""
    from orchestration import dbt

    flags = flag_models(json.loads(dbt.MANIFEST.read_text(encoding="utf-8")))
    cpu = {str(step["name"]): float(step["cpu_seconds"]) for step in steps}
    parts = []
    for stage in GATED:
        mine = [(step, name, seconds) for step, name, seconds in models if step.startswith(f"{stage}_models")]
        total = 0.0
        for step in {step for step, _, _ in mine}:
            took = sum(seconds for one, _, seconds in mine if one == step)
            judged = sum(seconds for one, name, seconds in mine if one == step and name in flags)
            total += cpu[step] * judged / took if took else 0.0
        parts += [(f"flags of {stage}", total), (f"gate of {stage}", cpu[f"{stage}_gate"])]
    return parts


def show_gates(parts: Sequence[tuple[str, float]], steps: float, published: float, whole: float) -> None:
    """Processor seconds, and their share of three wholes: what a run costs depends on what one counts."""
    print(f"\nboth gates with their flags: share of all steps without publishing ({steps - published:.1f} cpu s),")
    print(f"of all steps ({steps:.1f}), of the whole run with its start-up ({whole:.1f})")
    for name, seconds in (*parts, ("both gates with their flags", sum(seconds for _, seconds in parts))):
        shares = "".join(f"{100 * seconds / total:>8.1f} %" for total in (steps - published, steps, whole))
        print(f"{name:32}{seconds:>10.2f}{shares}")
