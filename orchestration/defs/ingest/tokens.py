"""OCPI token objects (2.1.1 to 2.3.0) into rows of raw_tokens. Source: OCPI mod_tokens."""

from collections.abc import Iterator
from typing import Any

from orchestration.defs.ingest.feed_objects import FeedObject, ObjectError, ObjectReader, party_of

COLUMNS = (
    "record_id", "sighting_seq", "seen_at", "source", "is_opening", "emsp_party", "token_uid", "token_type",
    "contract_id", "is_valid", "whitelist", "last_updated",
)  # fmt: skip


def token_rows(token: FeedObject) -> Iterator[tuple[Any, ...]]:
    """The one row of a token, without the columns of the sighting. Raises ObjectError."""
    fields, reader = token.fields, ObjectReader()
    uid = reader.text(fields, "uid", "")
    if uid is None and not reader.problems:
        raise ObjectError("the token has no uid; ask the sender for it.")
    is_valid = fields.get("valid")
    if not isinstance(is_valid, bool):
        reader.expected("valid", is_valid, "true or false")
    # 2.1.1 calls the contract's id auth_id.
    contract_id = reader.text(fields, "contract_id", "") or reader.text(fields, "auth_id", "")
    row = (
        party_of(fields, token.default_party, reader), uid, reader.text(fields, "type", ""), contract_id, is_valid,
        reader.text(fields, "whitelist", ""), reader.moment(fields, "last_updated", ""),
    )  # fmt: skip
    reader.refuse("token", None)
    yield row
