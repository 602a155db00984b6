"""The JSON Schemas of declared files, for editors: made from the models that validate, so that the two cannot differ.

`python -m orchestration.schema_files` writes docs/schema; a test compares.
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from orchestration.defs.ingest.contracts import Contract
from orchestration.defs.ingest.feed_fields import DECLARED_FEEDS, Feed
from orchestration.defs.ingest.feed_mapping import SPECS
from orchestration.defs.ingest.mapping import Format, Mapping
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


def mapping_schema(feed: str) -> dict[str, Any]:
    """Of master/mappings/<source>.<feed>.yaml: columns and constants are the feed's own fields."""
    title = f"How a file of {feed} is read: master/mappings/<source>.{feed}.yaml"
    return _schema(Mapping, title) if feed == "cdrs" else _feed_schema(DECLARED_FEEDS[feed], title)


def _feed_schema(feed: Feed, title: str) -> dict[str, Any]:
    models = sorted({SPECS[field.kind] for field in feed.fields}, key=lambda model: str(model.__name__))
    refs, defs = msgspec.json.schema_components([Format, *models], ref_template="#/$defs/{name}")
    spec = dict(zip(models, refs[1:], strict=True))
    columns = {field.name: {"anyOf": [{"type": "string"}, spec[SPECS[field.kind]]]} for field in feed.fields}
    constants = {name: {"type": "string"} for name in [*(field.name for field in feed.fields), "time_zone"]}
    block: dict[str, Any] = {"type": "object", "additionalProperties": False}
    properties = {
        "format": refs[0],
        "columns": {**block, "properties": columns, "description": "Field → the column where it stands."},
        "constants": {**block, "properties": constants, "description": "What every record of the feed says."},
    }
    return {"$schema": _DIALECT, "title": title, **block, "properties": properties, "$defs": _readable(defs)}


def schemas() -> dict[str, dict[str, Any]]:
    """Every schema by its file's name."""
    return {
        "partner.schema.json": partner_schema(),
        "mapping.schema.json": mapping_schema("cdrs"),
        **{f"mapping.{feed}.schema.json": mapping_schema(feed) for feed in sorted(DECLARED_FEEDS)},
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
