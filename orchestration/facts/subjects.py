"""What a decision is about, written `<kind>:<id>`.

A cdr_key (`nl/emo|abc`) and a period of a partner (`2026-10|emo`) need no kind. A bare CDR id
names no party, so somebody who knows the sessions must resolve it.
"""

import re

KINDS = (
    "cdr", "record", "file", "session", "tariff", "partner", "statement", "period", "invoice", "finding",
    "party", "location", "evse", "connector", "token", "contract", "dispute",
)  # fmt: skip
_PERIOD = re.compile(r"\d{4}-(\d{2}(-H[12])?|W\d{2})\|[^|]+")
_FILE = re.compile(r"[^/]+/[^/]+/.+")
# A record of an archive's member: `month.zip#a.json!3`. Entries before say `month.zip!a.json#3`.
_MEMBER = re.compile(r"(?P<archive>.+?\.(?:zip|ZIP))(?:#(?P<member>.+)!|!(?P<older>.+)#)(?P<position>\d+)")


class SubjectError(Exception):
    """A subject cannot be read; one sentence with the remedy."""


def parse(text: str) -> tuple[str, str]:
    """Kind and id of a subject; ('cdr', id without a `|`) when it is a bare CDR id.

    A cdr_key is lower-cased, as keys are. Raises SubjectError.
    """
    text = text.strip()
    if not text:
        raise SubjectError("A subject is empty: name a CDR, or `<kind>:<id>`.")
    kind, _, rest = text.partition(":")
    if kind not in KINDS:
        kind, rest = ("period" if _PERIOD.fullmatch(text) else "cdr"), text
    if not rest:
        raise SubjectError(f"{text!r} names no {kind}: write `{kind}:<id>`.")
    _check_form(kind, rest)
    return kind, rest.lower() if kind == "cdr" and "|" in rest else canonical(kind, rest)


def _check_form(kind: str, rest: str) -> None:
    if kind == "period" and not _PERIOD.fullmatch(rest):
        raise SubjectError(f"{rest!r} is not a period of a partner: write it as `2026-10|emo`.")
    if kind == "file" and not _FILE.fullmatch(rest):
        raise SubjectError(f"{rest!r} is not a file: write it as `file:<source>/<feed>/<name>`, as under landing/.")
    if kind == "record" and not re.fullmatch(r".+/.+/.+#.+", rest):
        raise SubjectError(f"{rest!r} is not a record: write it as `record:<source>/<feed>/<name>#<position>`.")
    if kind == "dispute" and not re.fullmatch(r"\d+(-\d+)?", rest):
        raise SubjectError(f"{rest!r} is not a dispute: write it as `dispute:17`, by the entry that opened it.")
    if kind == "connector" and "|" not in rest:
        raise SubjectError(f"{rest!r} is not a connector: write its EVSE too, as `connector:NL/EVS|EVSE-7|1`.")
    if kind == "tariff" and not re.fullmatch(r"[A-Za-z]{2}/[^:|]+:.+", rest):
        raise SubjectError(f"{rest!r} is not a tariff: write it as `tariff:NL/EVS:<tariff id>`.")


def canonical(kind: str, identifier: str) -> str:
    """The one form of an id that may be written in two: a record of an archive's member."""
    found = _MEMBER.fullmatch(identifier) if kind == "record" else None
    if found is None:
        return identifier
    return f"{found['archive']}#{found['member'] or found['older']}!{found['position']}"


def record_subject(file: str, position: int | str) -> str:
    """A record of `<source>/<feed>/<file>` as messages and decisions name it (dbt macro record_subject)."""
    return canonical("record", f"{file}#{position}")


def record_place(identifier: str) -> tuple[str, str]:
    """The file of a record as the ledger names it (`…/month.zip!a.json` for a member), and its position."""
    if (found := _MEMBER.fullmatch(identifier)) is not None:
        return f"{found['archive']}!{found['member'] or found['older']}", found["position"]
    name, _, position = identifier.rpartition("#")
    return name, position


def is_bare_cdr_id(kind: str, identifier: str) -> bool:
    """Whether it is a CDR id that still lacks its party."""
    return kind == "cdr" and "|" not in identifier


def written(kind: str, identifier: str) -> str:
    """The form that the ledger keeps."""
    return f"{kind}:{identifier}"
