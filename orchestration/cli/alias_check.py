"""What an alias is checked for before it is decided: that its id is known and no other one contradicts it.

What does not belong here: what an alias does (inspect), and the lint of master/aliases.csv.
"""

import re
from collections.abc import Sequence

from orchestration.defs.ingest.contract_ids import contract_key
from orchestration.defs.ingest.master_csv import alias_problems
from orchestration.facts import aliases, ledger
from orchestration.facts.aliases import Alias
from orchestration.facts.decision_kinds import DecisionError
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry
from orchestration.facts.reasons import nearest
from orchestration.facts.subjects import parse
from orchestration.master_lint import known_parties, rows_of
from orchestration.published import Snapshot

# Of each kind: the ids that master data has, with their party in front, and those that sessions name.
_KNOWN: dict[str, tuple[str, str | None]] = {
    "party": (
        "select distinct party from (select cpo_party as party from connectors union select emsp_party from tokens"
        " union select cpo_party from cdrs union select emsp_party from cdrs)",
        None,
    ),
    "location": (
        "select distinct cpo_party || '|' || location_id from connectors",
        "select distinct cpo_party || '|' || location_id from cdrs",
    ),
    "evse": (
        "select cpo_party || '|' || evse_uid from connectors union select cpo_party || '|' || evse_id from connectors",
        "select distinct cpo_party || '|' || evse_uid from cdrs",
    ),
    "connector": (
        "select cpo_party || '|' || evse_uid || '|' || connector_id from connectors"
        " union select cpo_party || '|' || evse_id || '|' || connector_id from connectors",
        "select distinct cpo_party || '|' || evse_uid || '|' || connector_id from cdrs",
    ),
    "token": ("select distinct emsp_party || '|' || token_uid from tokens", None),
    "contract": ("select distinct contract_id from tokens", None),
}


def check_alias(home: Home, subjects: Sequence[str], values: dict[str, str], but: int | None = None) -> None:
    """Refuse an alias that leads nowhere or that another one contradicts. Raises DecisionError.

    but: the entry of the proposal that is answered, which does not contradict itself.
    """
    if "canonical" not in values:
        return
    entries = ledger.read_all(home)
    known = [*aliases.decided(entries, but), *_written(home)]
    named = [":".join(parse(subject)) for subject in subjects]
    for one in aliases.proposed(named, values):
        for form in alias_problems(one.kind, one.old_id, one.canonical_id):
            raise DecisionError(form.replace("canonical_id is", "canonical is"))
        if one.is_take_back:
            _check_take_back(one, entries, known)
            continue
        if (problem := aliases.contradiction(one, known)) is not None:
            raise DecisionError(problem)
        _check_known(home, one)


def _written(home: Home) -> list[Alias]:
    """`evsettle status` says what is wrong with a file that cannot be read."""
    return [
        Alias(row.kind, row.old_id, row.canonical_id, row.valid_from, row.valid_to, "master/aliases.csv")
        for row in rows_of(home, "aliases")
    ]


def _check_take_back(one: Alias, entries: Sequence[Entry], known: Sequence[Alias]) -> None:
    """Only a decided alias of this very id is taken back."""
    if any(aliases.is_ended(other, one) for other in known if other.is_decided):
        return
    alike = [other for other in known if other.kind == one.kind and aliases.is_same_id(other.old_id, one.old_id)]
    if not alike:
        raise DecisionError(
            f"The {one.kind} {one.old_id} stands for itself already: there is no alias of it to take back."
        )
    other = alike[0]
    if other.is_decided:
        remedy = f"name it as it was decided, {other.kind}:{other.old_id}"
    elif other.is_pending:
        remedy = "have the proposal rejected"
    else:
        remedy = "take its line out of the file"
    raise DecisionError(f"{other}: {remedy}.")


def _check_known(home: Home, one: Alias) -> None:
    """What it leads to is in the last run's master data; where its party delivers none, in the sessions.

    Before a first run nothing is known, and nothing is refused.
    """
    if not (home.published / "connectors.parquet").is_file():
        return
    snapshot = Snapshot(home)
    from_master, from_sessions = _KNOWN[one.kind]
    ids = _ids(snapshot, from_master)
    if one.kind == "evse":
        ids |= {f"|{row.evse_uid}" for row in rows_of(home, "assets")}
    elif one.kind == "party":
        ids |= known_parties(home)
    party = _party(one)
    mine = {text for text in ids if party is None or _is_of(text, party)} if one.kind != "contract" else ids
    if not mine and from_sessions is not None:
        mine = {text for text in _ids(snapshot, from_sessions) if party is None or _is_of(text, party)}
    if not mine and one.kind in ("token", "contract"):
        # Without tokens there is nothing to look it up in.
        return
    if _form(one, one.canonical) in {form for text in mine for form in _forms(one.kind, text)}:
        return
    raise DecisionError(_unknown(one, mine))


def _unknown(one: Alias, known: set[str]) -> str:
    said = f"No {one.kind} {one.canonical} is known{nearest(one.canonical, known) or '.'}"
    if one.kind == "party":
        return f"{said} Add a party to master/network.yaml or a partner's contract first."
    feed = "locations" if one.kind in ("location", "evse", "connector") else "tokens"
    return (
        f"{said} What is new lands in the {feed} feed first (then `evsettle run`), "
        "or its alias is written into master/aliases.csv, where it may wait."
    )


def _ids(snapshot: Snapshot, sql: str) -> set[str]:
    return {str(text) for (text,) in snapshot.rows(sql) if text is not None}


def _party(one: Alias) -> str | None:
    first, bar, _ = one.canonical.partition("|")
    return first.casefold() if bar and re.fullmatch(r"[A-Za-z]{2}/[A-Za-z0-9]{3}", first) else None


def _is_of(text: str, party: str) -> bool:
    return text.partition("|")[0].casefold() in ("", party)


def _form(one: Alias, text: str) -> str:
    """Without what people add and drop, and without the party: that was looked at."""
    return _bare(one.kind, text.partition("|")[2] if _party(one) is not None else text)


def _forms(kind: str, text: str) -> set[str]:
    party, bar, rest = text.partition("|")
    if not bar or kind in ("party", "contract"):
        return {_bare(kind, text)}
    code = re.sub(r"[^a-z0-9]", "", party.casefold())
    bare = _bare(kind, rest)
    return {bare} | ({bare.removeprefix(code), f"{code}{bare}"} if code else set())


def _bare(kind: str, text: str) -> str:
    if kind == "contract":
        return contract_key(text)
    return re.sub(r"[^a-z0-9|]", "", text.casefold())
