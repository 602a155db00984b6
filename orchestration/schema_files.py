"""The JSON Schemas of declared files, for editors: made from the models that validate, so that the two cannot differ.

`python -m orchestration.schema_files` writes docs/schema; a test compares.
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from orchestration.defs.ingest.contracts import Contract
from orchestration.defs.ingest.mapping import Mapping
from orchestration.defs.ingest.network import Network

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "schema"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
# What a partner's own file must say; the rest may come from its template.
_OWN = ["partner", "name", "parties", "valid_from"]


def partner_schema() -> dict[str, Any]:
    """Of master/partners/<partner>.yaml."""
    schema = _schema(Contract, "A partner's contract: master/partners/<partner>.yaml")
    models = schema["$defs"]
    for model in models.values():
        model.pop("required", None)
    contract = models["Contract"]
    contract["required"] = _OWN
    later = json.loads(json.dumps(contract)) | {"required": ["valid_from"], "description": "Terms from a day on."}
    for name in ("partner", "template", "parties"):
        later["properties"].pop(name)
    models["Version"] = later
    contract["properties"]["versions"] = {"type": "array", "items": {"$ref": "#/$defs/Version"}}
    return schema


def schemas() -> dict[str, dict[str, Any]]:
    """Every schema by its file's name."""
    return {
        "partner.schema.json": partner_schema(),
        "mapping.schema.json": _schema(Mapping, "How a feed is read: master/mappings/<source>.<feed>.yaml"),
        "network.schema.json": _schema(Network, "Who we are: master/network.yaml"),
    }


def text(schema: dict[str, Any]) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _schema(model: type, title: str) -> dict[str, Any]:
    schema = _readable(msgspec.json.schema(model))
    return {"$schema": _DIALECT, "title": title, **schema}


def _readable(value: Any) -> Any:
    """Exact numbers may be written as numbers or as text; a default that is a block says nothing to an editor."""
    if isinstance(value, dict):
        if value.get("format") == "decimal":
            kept = {key: inner for key, inner in value.items() if key not in ("type", "format")}
            return kept | {"type": ["number", "string"], "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
        return {key: _readable(inner) for key, inner in value.items() if not (key == "default" and inner == {})}
    return [_readable(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (FOLDER / name).write_text(text(schema), encoding="utf-8")
