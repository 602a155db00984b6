"""The exception queue of the shared demo: who must act, by when, for how much, and by which command."""

import csv
import json
import re
import shlex
import subprocess
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.cli.exceptions import _cell
from orchestration.exception_queue import GroupError, Wanted, groups, members
from orchestration.facts import ledger, objects
from orchestration.facts.decisions import Decision, build, record
from orchestration.facts.home import Home, open_home
from orchestration.facts.people import Person
from orchestration.published import Snapshot

Cli = Callable[..., subprocess.CompletedProcess[str]]
EVERYBODY = Person("Ina", frozenset({"operations", "platform", "finance", "approver"}), None)
AT = "2026-11-03T07:00:00Z"


@pytest.fixture(scope="module")
def queue(published: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    rows = published.execute("select * from exceptions order by case_id")
    names = [column[0] for column in rows.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def shown(cli: Cli, home: Path, *arguments: object) -> dict[str, Any]:
    result = cli("--home", home, "exceptions", "--json", *arguments)
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout))


def test_every_session_that_waits_has_a_case(published: duckdb.DuckDBPyConnection) -> None:
    """Its own, or that of its file; nobody has to look anywhere else for held money."""
    forgotten = published.execute(
        "select cdr_key from cdrs where state in ('held', 'excluded')"
        " and cdr_key not in (select cdr_key from exceptions where cdr_key is not null)"
        " and cdr_key not in (select cdr_key from findings where caused_by in (select case_id from exceptions))"
    ).fetchall()
    assert forgotten == []
    settled = published.execute(
        "select cdr_key from exceptions inner join cdrs using (cdr_key) where state not in ('held', 'excluded')"
    ).fetchall()
    assert settled == []


def test_a_case_says_who_what_when_and_how_much(queue: list[dict[str, Any]]) -> None:
    assert len(queue) > 40, "the demo has something to say"
    for case in queue:
        assert case["owner"] and case["rule_id"] and case["what_happened"] and case["action"] and case["command"], case
        assert case["due_at"] and case["opened_at"] and case["age_days"] == 0 and not case["is_late"], case
        unknown = case["subject_kind"] in ("cdr", "record", "session") and case["amount_at_stake"] is None
        assert case["unknown_amounts"] == int(unknown), case
    assert {case["owner"] for case in queue} == {"operations", "platform", "finance"}
    assert {"cdr", "record", "session"} <= {case["subject_kind"] for case in queue}


def test_each_command_is_one_that_the_ledger_would_take(finished_home: Path, queue: list[dict[str, Any]]) -> None:
    """Words in capitals are what a person must still say."""
    entries = ledger.read_all(open_home(finished_home))
    people = {"ina": EVERYBODY}
    blanks = {"AMOUNT": "1.00", "PERSON": "Ina", "CONNECTOR": "X|1"}
    kinds = Counter()
    for case in queue:
        program, verb, kind, subject, *options = shlex.split(case["command"])
        assert program == "evsettle"
        kinds[kind] += 1
        if verb == "tariff":
            continue
        given = dict(zip(options[::2], options[1::2], strict=True))
        values = [
            value.partition("=") for name, value in zip(options[::2], options[1::2], strict=True) if name == "--set"
        ]
        decision = Decision(
            kind, "Ina", [subject], given.get("--reason"), {key: blanks.get(value, value) for key, _, value in values}
        )
        body = build(entries, people, decision)
        assert body["subjects"], case["command"]
        assert given["--by"] == "NAME"
    assert {"exclude", "release", "waive", "adjust", "assign", "alias"} <= set(kinds)


def test_groups_hold_each_case_once_and_add_up(published: duckdb.DuckDBPyConnection) -> None:
    columns = "count(*), sum(claimed_excl_tax), sum(amount_at_stake), sum(unknown_amounts), min(due_at)"
    apart = published.execute(
        f"select group_id, {columns} from exceptions group by group_id order by group_id"
    ).fetchall()
    together = published.execute(
        "select group_id, cases, claimed_excl_tax, amount_at_stake, unknown_amounts, due_at from exception_groups"
        " order by group_id"
    ).fetchall()
    assert together == apart
    mixed = published.execute(
        "select group_id from exceptions group by group_id having count(distinct (owner, rule_id, partner, currency)) > 1"
    ).fetchall()
    assert mixed == []


def test_a_group_says_in_one_sentence_what_its_cases_share(published: duckdb.DuckDBPyConnection) -> None:
    [(sentence, command)] = published.execute(
        "select likely_cause, command from exception_groups where rule_id = 'ID_OPERATOR_PREFIX'"
    ).fetchall()
    assert sentence.startswith("1 session of emo, site EVS-L00005, connector 1, tariff AC-DAYNIGHT, on 2026-10-27: ")
    assert command.startswith("evsettle decide release 'nl/evs|evs-2610-0000152' ")


def test_five_small_causes_are_five_codes(queue: list[dict[str, Any]]) -> None:
    """Missing, time, tariff, duplicate, and a price that two sides read otherwise: none is told as another."""
    five = {"CDR_MISSING", "TIME_TOTAL_MISMATCH", "TARIFF_NOT_IN_FORCE", "DUP_NEAR", "PRICE_TOTAL_DIFF"}
    found = {case["rule_id"]: (case["reason_code"], case["what_happened"]) for case in queue if case["rule_id"] in five}
    assert set(found) == five
    assert len({code for code, _ in found.values()}) == len({words for _, words in found.values()}) == len(five)


def test_status_counts_what_the_queue_lists(cli_here: Cli, finished_home: Path, queue: list[dict[str, Any]]) -> None:
    status = json.loads(cli_here("--home", finished_home, "status", "--json").stdout)["exceptions"]
    by_owner = Counter(case["owner"] for case in queue)
    assert {row["owner"]: row["cases"] for row in status["by_owner"]} == by_owner
    by_concern = Counter(case["concern"] for case in queue)
    assert {row["concern"]: row["cases"] for row in status["by_concern"]} == by_concern
    assert by_concern["incomplete"] and by_concern["duplicate"]
    for row in status["by_concern"]:
        assert row["cases"] == row["operations"] + row["platform"] + row["finance"]
    sessions = {
        (case["owner"], case["currency"], case["subject_id"]): case["amount_at_stake"] or Decimal(0) for case in queue
    }
    money = {(row["owner"], row["currency"]): Decimal(row["amount_at_stake"] or 0) for row in status["money"]}
    for key, total in money.items():
        assert total == sum(amount for found, amount in sessions.items() if found[:2] == key)


def test_filters_leave_only_what_was_asked(cli_here: Cli, finished_home: Path, queue: list[dict[str, Any]]) -> None:
    mine = shown(cli_here, finished_home, "--owner", "operations")
    assert {group["owner"] for group in mine["groups"]} == {"operations"}
    assert sum(group["cases"] for group in mine["groups"]) == sum(case["owner"] == "operations" for case in queue)
    one = shown(cli_here, finished_home, "--rule", "ID_OPERATOR_PREFIX", "--partner", "emo")
    assert [case["rule_id"] for case in one["cases"]] == ["ID_OPERATOR_PREFIX"]
    assert shown(cli_here, finished_home, "--group", one["groups"][0]["group"])["cases"] == one["cases"]
    assert shown(cli_here, finished_home, "--late")["groups"] == []
    assert shown(cli_here, finished_home, "--assigned", "Ina")["groups"] == []
    assert len(shown(cli_here, finished_home, "--assigned", "nobody")["groups"]) > 40
    said = cli_here("--home", finished_home, "exceptions", "--period", "2020-01")
    assert "Nothing of period 2020-01 waits; " in said.stdout


def test_a_misspelt_name_does_not_read_as_an_empty_queue(cli_here: Cli, finished_home: Path) -> None:
    rule = cli_here("--home", finished_home, "exceptions", "--rule", "DUP_NEER")
    assert (rule.returncode, rule.stdout) == (2, "")
    assert "There is no rule DUP_NEER" in rule.stderr
    group = cli_here("--home", finished_home, "exceptions", "--group", "00000000@0000")
    assert "No group 00000000 is open in the last run" in group.stdout
    partner = cli_here("--home", finished_home, "exceptions", "--partner", "emmo", "--late")
    assert re.search(r"Nothing of partner emmo is past its deadline; \d+ groups in all\.", partner.stdout)


def test_a_group_of_one_says_what_was_found_and_what_was_expected(cli_here: Cli, finished_home: Path) -> None:
    said = cli_here("--home", finished_home, "exceptions", "--limit", 1000).stdout
    for group in shown(cli_here, finished_home)["groups"]:
        if group["cases"] == 1:
            assert f"Found: {group['observed'].rstrip('.')}. Expected: {group['expected'].rstrip('.')}." in said
        else:
            assert group["observed"] is None
    assert "sessions, " in said, "the two sides of an invoice's difference"


def test_the_first_group_is_the_one_that_costs_most(cli_here: Cli, finished_home: Path) -> None:
    stakes = [
        Decimal(group["amount_at_stake"])
        for group in shown(cli_here, finished_home)["groups"]
        if group["amount_at_stake"] is not None
    ]
    assert stakes == sorted(stakes, reverse=True)


def test_the_queue_as_csv_opens_as_text(cli_here: Cli, finished_home: Path, tmp_path: Path) -> None:
    path = tmp_path / "queue.csv"
    assert cli_here("--home", finished_home, "exceptions", "--owner", "finance", "--csv", path).returncode == 0
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["owner"] for row in rows} == {"finance"}
    assert any(row["claimed_excl_tax"].startswith("-") for row in rows), "numbers stay numbers"
    assert _cell("=HYPERLINK(1)") == "'=HYPERLINK(1)"


def decide(cli: Cli, home: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return cli("--home", home, "decide", *arguments, "--as-of", AT)


def test_one_decision_about_a_group_keeps_the_list_of_its_cases(cli_here: Cli, home_copy: Path) -> None:
    (group,) = shown(cli_here, home_copy, "--rule", "ID_OPERATOR_PREFIX")["groups"]
    name = f"group:{group['group']}"
    result = decide(cli_here, home_copy, "waive", name, "--reason", "WAIVED", "--by", "Noor Bakker", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["needs_approval"], "two people decide about money, one case or many"
    body = ledger.read_all(open_home(home_copy))[-1].body
    assert body["subjects"] == ["cdr:nl/evs|evs-2610-0000152"]
    assert (body["values"], body["group"]) == ({"what": "waive", "rule": "ID_OPERATOR_PREFIX"}, group["group"])
    again = decide(cli_here, home_copy, "waive", name, "--reason", "WAIVED", "--by", "Noor Bakker")
    assert again.stdout.startswith("Nothing written: entry")


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("release", lambda name: name[:-4] + "0000", "has changed since it was shown as @0000 and has 1 case now"),
        ("release", lambda name: "00000000@0000", "No group 00000000 is open in the last run"),
        ("release", lambda name: name.partition("@")[0], "does not say which of its cases were seen"),
        ("adjust", lambda name: name, "says something else of each case"),
    ],
)
def test_a_group_that_is_not_as_shown_is_refused(
    cli_here: Cli, home_copy: Path, kind: str, change: Callable[[str], str], said: str
) -> None:
    (group,) = shown(cli_here, home_copy, "--rule", "ID_OPERATOR_PREFIX")["groups"]
    before = len(ledger.read_all(open_home(home_copy)))
    name = f"group:{change(group['group'])}"
    result = decide(cli_here, home_copy, kind, name, "--reason", "MASTER_FIXED", "--by", "Noor Bakker")
    assert result.returncode == 2
    assert said in result.stderr and result.stderr.count("\n") == 1
    assert len(ledger.read_all(open_home(home_copy))) == before


def test_a_record_is_decided_by_its_finding(finished_home: Path) -> None:
    from orchestration.exception_queue import subjects

    snapshot = Snapshot(open_home(finished_home))
    group = next(one for one in groups(snapshot, Wanted()) if one["rule_id"] == "ID_PARTY_UNKNOWN")
    cases = members(snapshot, group["group"])
    assert subjects(cases, "assign") == sorted(f"record:{case['subject_id']}" for case in cases)
    assert subjects(cases, "waive") == sorted(f"finding:{case['case_id']}" for case in cases)
    with pytest.raises(GroupError, match="has changed since it was shown"):
        members(snapshot, group["group"][:-4] + "zzzz")


def finished(home: Home, changes: list[dict[str, Any]]) -> None:
    """A run that ended with these changes, as its entry tells of it."""
    lines = "".join(json.dumps(change) + "\n" for change in changes).encode()
    body = {"run": 0, "outcome": "done", "manifests": {}, "changes": objects.put(home, lines), "counts": {}}
    ledger.append(home, "run-end", body, "evsettle", "2026-11-03T08:00:00Z")


def test_a_decision_tells_what_it_changed(cli_here: Cli, home_copy: Path) -> None:
    home = open_home(home_copy)
    key = "nl/evs|evs-2610-0000010"
    proposal = record(home, Decision("exclude", "Noor Bakker", [f"cdr:{key}"], "EXC_GOODWILL"), AT).entry.seq
    waiting = cli_here("--home", home_copy, "decisions", proposal)
    assert f"decide approve {proposal} --by NAME" in waiting.stdout
    record(home, Decision("approve", "Sem de Wit", answers=proposal), AT)
    assert "No run has ended since" in cli_here("--home", home_copy, "decisions", proposal).stdout
    change = {"t": "cdr", "revision": 1, "state_from": "held", "state_to": "excluded", "settled_from": "9.50000000",
              "settled_to": "0.00000000"}  # fmt: skip
    finding = {"t": "finding", "change": "resolved", "rule_id": "LOC_UNKNOWN", "finding_id": "f", "subject_id": key}
    finished(home, [{**change, "cdr_key": key}, {**change, "cdr_key": "another"}, {**finding, "cdr_key": key}])
    told = json.loads(cli_here("--home", home_copy, "decisions", proposal + 1, "--json").stdout)
    assert told["decision"]["seq"] == proposal
    assert [one["cdr_key"] for one in told["changed"]["sessions"]] == [key]
    assert told["changed"]["settled"] == [{"currency": "EUR", "before": "9.5", "after": "0", "difference": "-9.5"}]
    assert told["changed"]["findings_resolved"] == {"LOC_UNKNOWN": 1}
    text = cli_here("--home", home_copy, "decisions", proposal).stdout
    assert "EUR: settled 9.50 before, 0.00 after, -9.50" in text


def test_a_decision_names_the_sessions_that_wait_on_for_another_rule(cli_here: Cli, home_copy: Path) -> None:
    home = open_home(home_copy)
    (group,) = shown(cli_here, home_copy, "--rule", "ID_OPERATOR_PREFIX")["groups"]
    given = record(
        home, Decision("assign", "Noor Bakker", ["cdr:nl/evs|evs-2610-0000152"], values={"to": "finance"}), AT
    )
    finished(home, [])
    text = cli_here("--home", home_copy, "decisions", given.entry.seq).stdout
    assert "No session changed." in text and "state before" not in text
    assert "nl/evs|evs-2610-0000152 waits still, for ID_OPERATOR_PREFIX: evsettle" in text
    told = json.loads(cli_here("--home", home_copy, "decisions", given.entry.seq, "--json").stdout)
    assert told["changed"]["still_waiting"] == {group["command"].split("'")[1]: "ID_OPERATOR_PREFIX"}
    assert cli_here("--home", home_copy, "decisions", 99999).returncode == 1
