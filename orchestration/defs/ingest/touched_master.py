"""Which sessions rows of master/*.csv and terms of partners are about: a change touches them and no others.

What does not belong here: files whose change is everybody's (tax rules, calendar, network).
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

import duckdb

from orchestration.defs.ingest.bulk import insert_rows
from orchestration.defs.ingest.contract_ids import contract_key
from orchestration.defs.ingest.master_tables import BY_ROW
from orchestration.defs.ingest.touched import touch_everything, touch_files

Row = dict[str, Any]
Rows = Mapping[str, Sequence[Row]]
# The kinds of id under which rows of the same thing are looked for: an evse of a connector, a contract in any form.
Named = tuple[str, str]
_SIGNS = str.maketrans("", "", "*- _.")
# What a session is judged, priced and settled by, a row for each partner and version. Fees and hand-offs are not.
_TERMS = (
    "contracts", "contract_parties", "contract_rules", "contract_remedies", "contract_scope", "settlement_terms",
)  # fmt: skip


def master_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Row]]:
    """The rows of every table that is told row by row."""
    found = {}
    for name in (*BY_ROW, *_TERMS):
        result = connection.execute(f"select * from ingest.raw_{name} order by all")  # noqa: S608 - own names
        names = [column[0] for column in result.description or ()]
        found[name] = [dict(zip(names, values, strict=True)) for values in result.fetchall()]
    return found


def touch_master_rows(connection: duckdb.DuckDBPyConnection, before: Rows) -> None:
    """Touch what rows that came, went or changed since `before` are about."""
    after = master_rows(connection)
    changed = {name: [*_lacking(before[name], after[name]), *_lacking(after[name], before[name])] for name in after}
    if not any(changed.values()):
        return
    for reason in _for_everybody(before, after, changed):
        touch_everything(connection, reason)
    groups = _same_things([*_standing(before["aliases"]), *_standing(after["aliases"])])
    about: dict[str, set[Named]] = {
        "an alias changed": {_named(row, end) for row in changed["aliases"] for end in ("old_id", "canonical_id")},
        "an asset changed": {("evse", row["evse_uid"].lower()) for row in changed["assets"]},
        "a meter changed": {("evse", row["evse_uid"].lower()) for row in changed["meters"]},
        "terms changed": _parties(
            [*before["contract_parties"], *after["contract_parties"]],
            {row["partner"] for name in _TERMS for row in changed[name]},
        ),
        "a membership changed": {("contract", contract_key(row["contract_id"])) for row in changed["memberships"]},
        "an agreement changed": {
            ("agreement", f"{row['cpo_party']}|{row['emsp_party']}".lower()) for row in changed["agreements"]
        },
    }
    insert_rows(connection, "raw_touched", ("kind", "id", "reason"), sorted({
        (kind, form, reason)
        for reason, names in about.items() for name in names for kind, text in groups(name)
        for form in (_evse_forms(text) if kind == "evse" else {text})
    }))  # fmt: skip
    _touch_routes(connection, before["contract_parties"], after["contract_parties"])
    _touch_exchanged(connection, changed["fx_rates"])
    _touch_plans(connection, before["memberships"], after["memberships"])
    shown = sorted({row["tariff_id"].lower() for row in changed["publications"]})
    connection.execute(
        "insert into ingest.raw_touched select distinct 'tariff', lower(cpo_party) || '|' || tariff_id,"
        " 'a publication changed' from ingest.raw_cdrs, (select unnest(cast($1 as varchar[])) as tariff_id)"
        " where cpo_party is not null",
        [shown],
    )


def _parties(rows: Iterable[Row], partners: Container[str]) -> set[Named]:
    """The parties that any version of these partners' contracts names."""
    return {("party", row["party"].lower()) for row in rows if row["partner"] in partners}


def _touch_routes(connection: duckdb.DuckDBPyConnection, before: Iterable[Row], after: Iterable[Row]) -> None:
    """What a source brought that bears the name of a partner who came or went: only its own sessions, or anybody's."""
    partners = {row["partner"] for row in before} ^ {row["partner"] for row in after}
    files = connection.execute(
        "select file_seq from ingest.raw_files where feed = 'cdrs' and list_contains($1, source)", [sorted(partners)]
    ).fetchall()
    if files:
        touch_files(connection, [file_seq for (file_seq,) in files], "cdrs", "a partner came or went")


def _evse_forms(evse: str) -> set[str]:
    """What may be left of an EVSE's id without signs and party, whoever the party is: see core_of_id."""
    bare = evse.translate(_SIGNS)
    return {bare, bare[5:], bare[3:]} - {""}


def _lacking(rows: Iterable[Row], others: Iterable[Row]) -> list[Row]:
    """The rows that are not among the others."""
    known = {tuple(row.values()) for row in others}
    return [row for row in rows if tuple(row.values()) not in known]


def _for_everybody(before: Rows, after: Rows, changed: Rows) -> Iterator[str]:
    """Changes of one row that say something about sessions which it does not name."""
    for name in ("agreements", "publications"):
        if any(_standing(before[name])) != any(_standing(after[name])):
            yield f"the first or the last of the {name}"
    if _routes(before["agreements"]) != _routes(after["agreements"]):
        yield "another hub"
    if any(_is_of_a_party(row) for row in changed["aliases"]):
        yield "an alias of a party"


def _is_of_a_party(alias: Row) -> bool:
    """Whether an alias says whose a place is. The same party in front of both ids says nothing new."""
    old: str = alias["old_id"].lower()
    new: str = alias["canonical_id"].lower()
    own = {"connector": 1, "evse": 0, "location": 0}.get(alias["kind"])
    if own is None or new.count("|") <= own:
        return bool(alias["kind"] == "party")
    return old.count("|") <= own or old.split("|", maxsplit=1)[0] != new.split("|", maxsplit=1)[0]


def _standing(rows: Iterable[Row]) -> Iterator[Row]:
    return (row for row in rows if row["known_to"] is None)


def _routes(rows: Iterable[Row]) -> set[str]:
    return {row["route"] for row in _standing(rows)} - {None, "direct"}


def _named(alias: Row, end: str) -> Named:
    """What an alias is about: a connector by its EVSE, without the party in front, a contract in its one form."""
    kind, pieces = alias["kind"], alias[end].lower().split("|")
    if kind == "connector":
        return "evse", pieces[-2]
    return kind, contract_key(alias[end]) if kind == "contract" else pieces[-1]


def _same_things(aliases: Iterable[Row]) -> "_Groups":
    groups = _Groups()
    for row in aliases:
        groups.join(_named(row, "old_id"), _named(row, "canonical_id"))
    return groups


class _Groups:
    """Names that stand for one thing, directly or by others."""

    def __init__(self) -> None:
        self._of: dict[Named, set[Named]] = {}

    def join(self, one: Named, other: Named) -> None:
        together = self(one) | self(other)
        for name in together:
            self._of[name] = together

    def __call__(self, name: Named) -> set[Named]:
        return self._of.get(name, {name})


def _touch_exchanged(connection: duckdb.DuckDBPyConnection, rates: Sequence[Row]) -> None:
    """The sessions that a rate can be for: of its source, as old as they allow, and no older than the one they have.

    A rate is taken as quoted, turned, or crossed with another one of its day: its quote is one of the two currencies.
    """
    is_built = connection.execute(
        "select 1 from duckdb_columns() where schema_name = 'settle' and table_name = 'fx_applied'"
        " and column_name = 'fx_max_age_days'"
    ).fetchone()
    if rates and is_built:
        connection.execute(
            "insert into ingest.raw_touched select distinct 'cdr', exchanged.cdr_key, 'a rate changed'"
            " from settle.fx_applied as exchanged inner join (select unnest(cast($1 as date[])) as rate_on,"
            " unnest(cast($2 as varchar[])) as quote, unnest(cast($3 as varchar[])) as source) as rates"
            " on exchanged.fx_source = lower(rates.source)"
            " and upper(rates.quote) in (exchanged.from_currency, exchanged.to_currency)"
            " and exchanged.wanted_on >= rates.rate_on"
            " and exchanged.wanted_on <= rates.rate_on + exchanged.fx_max_age_days"
            " and rates.rate_on >= coalesce(exchanged.fx_rate_on, rates.rate_on)",
            [[row[name] for row in rates] for name in ("rate_on", "quote", "source")],
        )


def _touch_plans(connection: duckdb.DuckDBPyConnection, before: Sequence[Row], after: Sequence[Row]) -> None:
    """A claim is read with every discount that its partner grants: a plan that comes or goes is about all of them."""
    plans = [
        {(row["partner"].lower(), row["plan"], row["discount_percent"]) for row in rows} for rows in (before, after)
    ]
    connection.execute(
        "insert into ingest.raw_touched select distinct 'party', lower(party), 'a plan changed'"
        " from ingest.raw_contract_parties where list_contains($1, lower(partner))",
        [sorted({partner for partner, *_ in plans[0] ^ plans[1]})],
    )
