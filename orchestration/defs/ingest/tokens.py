"""OCPI token objects (2.1.1 to 2.3.0) into rows of raw_tokens. Source: OCPI mod_tokens."""

from collections.abc import Iterator
from typing import Any

from orchestration.defs.ingest.feed_objects import FeedObject, ObjectError, party_of, text
from orchestration.defs.ingest.json_fields import read_instant

COLUMNS = (
    "record_id", "sighting_seq", "seen_at", "source", "is_opening", "emsp_party", "token_uid", "token_type",
    "contract_id", "is_valid", "whitelist", "last_updated",
)  # fmt: skip


def token_rows(token: FeedObject) -> Iterator[tuple[Any, ...]]:
    """The one row of a token, without the columns of the sighting. Raises ObjectError."""
    fields = token.fields
    uid = text(fields, "uid")
    if uid is None:
        raise ObjectError("the token has no uid; ask the sender for it.")
    is_valid = fields.get("valid")
    if not isinstance(is_valid, bool):
        raise ObjectError(f"valid of token {uid} is {is_valid!r}, expected true or false; ask the sender for it.")
    # 2.1.1 calls the contract's id auth_id.
    contract_id = text(fields, "contract_id") or text(fields, "auth_id")
    yield (
        party_of(fields, token.default_party), uid, text(fields, "type"), contract_id, is_valid,
        text(fields, "whitelist"), read_instant(fields.get("last_updated")),
    )  # fmt: skip
