"""Master data as of any date, and what is wrong with it: on the finished demo month."""

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from subprocess import CompletedProcess

import duckdb
import pytest

from orchestration.cli.master import history
from orchestration.facts.home import Home
from orchestration.master_lint import lint
from orchestration.published import Snapshot

Cli = Callable[..., CompletedProcess[str]]


@pytest.fixture
def home(finished_home: Path, tmp_path: Path) -> Home:
    """Master files and published tables of the finished month, yours to change; no warehouse."""
    copy = tmp_path / "home"
    for name in ("master", "published", "ledger"):
        shutil.copytree(finished_home / name, copy / name)
    return Home(copy)


def rewrite(home: Home, table: str, sql: str) -> None:
    """A published table replaced by a query over it."""
    path = home.published / f"{table}.parquet"
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.read_parquet(str(path)).create_view("before")
        connection.execute(f"create table after as {sql}")
        connection.table("after").write_parquet(str(path))


PLANTED = "location NL/EVS|EVS-L00014 has the zone 'Europe/Atlantis'; ask for an IANA zone."


def test_the_demo_has_nothing_to_mend_but_the_fault_it_planted(home: Home) -> None:
    assert [problem.sentence for problem in lint(home)] == [PLANTED]


def test_each_kind_of_fault_is_one_sentence(home: Home) -> None:
    master = home.master
    (master / "aliases.csv").write_text("kind,old_id,canonical_id\nevse,A,B\nevse,B,NOWHERE\n")
    (master / "meters.csv").write_text("meter_id,evse_uid\nM1,NOWHERE\n")
    (master / "agreements.csv").write_text("cpo_party,emsp_party\nNL/EVS,XX/NOB\n")
    (master / "memberships.csv").write_text("partner,contract_id,plan,discount_percent\nnobody,C1,gold,10\n")
    (master / "assets.csv").write_text("evse_uid,owner_party\nE1\n")
    (master / "mappings/polderlaad.invoices.yaml").write_text("colums: {invoice_id: Nr}\n")
    (master / "mappings/polderlaad.yaml").write_text("columns: {cdr_id: Nr}\n")
    (master / "tariffs/AC-BASIC.json").write_text('{"id": "AC-BASIC", "elem')
    (master / "tariffs/DC-FAST.json").write_text('{"currency": "EUR"}')
    (master / "people.yaml").write_text("- {name: Ada, rolls: [finance]}\n")
    contract = master / "partners/emo.yaml"
    contract.write_text(contract.read_text().replace("name: ", "name:  # "))
    rewrite(
        home,
        "connectors",
        """
        select * replace (
            case when row_number() over (order by canonical_connector_id) = 1 then 'Mars/Base' else time_zone end
                as time_zone,
            case when row_number() over (order by canonical_connector_id) = 2 then null else max_power_w end
                as max_power_w
        ) from before
    """,
    )
    rewrite(
        home,
        "tokens",
        """
        select * replace (
            case row_number() over (order by token_key) when 1 then null when 2 then 'NL-EVS-C00000001-A'
                else contract_id end as contract_id
        ) from before
    """,
    )
    told = " ".join(problem.sentence for problem in lint(home))
    for part in (
        "master/assets.csv: line 2 has 1 cells, its header 2", "name is blank; fill it.",
        "evse A leads to B, which is an old id itself", "meter: no location has an EVSE NOWHERE",
        "agreement: party XX/NOB is neither ours nor a partner's", "there is no partner nobody",
        "has the zone 'Mars/Base'; ask for an IANA zone.", "has no power: energy beyond", "has no contract: nobody",
        "contract NL-EVS-C00000001-A has a wrong check digit",
        "master/mappings/polderlaad.invoices.yaml: colums is not known; did you mean columns?",
        "master/mappings/polderlaad.yaml: is not read; name it <source>.<feed>.yaml",
        "AC-BASIC.json: the record is not JSON at byte 20", "DC-FAST.json: the tariff has no id",
        "master/people.yaml, person 1 has the unknown key 'rolls'",
    ):  # fmt: skip
        assert part in told, part


def test_history_reads_as_of_any_date_and_as_then_known(home: Home) -> None:
    rewrite(home, "connectors", """
        with one as (select * from before order by canonical_connector_id limit 1)
        select * replace (1 as version_no, null as valid_from, timestamptz '2026-06-01 00:00:00+00' as valid_to,
            11000 as max_power_w, true as is_opening, 'E1' as evse_uid, '1' as connector_id) from one
        union all by name
        select * replace (2 as version_no, timestamptz '2026-06-01 00:00:00+00' as valid_from,
            timestamptz '2026-06-01 00:00:00+00' as changed_at, timestamptz '2026-07-01 00:00:00+00' as known_from,
            null as valid_to, 22000 as max_power_w, false as is_opening, 'E1' as evse_uid, '1' as connector_id) from one
    """)  # fmt: skip

    def power(as_of: str, known_at: str | None = None) -> list[int]:
        moments = [
            None if text is None else datetime.fromisoformat(f"{text}T00:00:00+00:00") for text in (as_of, known_at)
        ]
        return [int(row["max_power_w"]) for row in history(Snapshot(home), "connector", "e1|1", *moments)]

    assert power("2026-05-31") == [11000]
    assert power("2026-06-01") == [22000]
    # In June nobody knew yet.
    assert power("2026-06-15", "2026-06-20") == [11000]


def test_the_commands_say_what_they_found(home: Home, cli_here: Cli) -> None:
    row = duckdb.read_parquet(str(home.published / "connectors.parquet")).limit(1).fetchall()[0]
    shown = cli_here("--home", home.root, "master", "show", "connector", row[0], "--json")
    assert json.loads(shown.stdout)["versions"][0]["connector"] == row[0]
    assert cli_here("--home", home.root, "master", "show", "connector", row[0]).returncode == 0
    party = cli_here("--home", home.root, "master", "show", "party", "nl/emo", "--as-of", "2026-10-01", "--json")
    (told,) = json.loads(party.stdout)["versions"]
    assert (told["of"], told["valid_from"], told["approved_by"]) == ("partner emo", "2025-01-01", "Sem de Wit")
    early = cli_here("--home", home.root, "master", "show", "party", "NL/EMO", "--as-of", "2024-12-31")
    assert early.returncode == 2
    nothing = cli_here("--home", home.root, "master", "show", "token", "none")
    assert nothing.returncode == 2 and "No token none is known at that time" in nothing.stderr, nothing.stderr
    rewrite(home, "connectors", "select * from before where location_id <> 'EVS-L00014'")
    assert cli_here("--home", home.root, "master", "lint").returncode == 0
    (home.master / "meters.csv").write_text("meter_id\nM1\n")
    assert cli_here("--home", home.root, "master", "lint", "--json").returncode == 1
