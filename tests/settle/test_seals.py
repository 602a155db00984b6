"""October is closed for one partner; what comes and is decided afterwards changes nothing there."""

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import snapshots

from orchestration.defs.resources import Settlement
from orchestration.defs.settle import sealing
from orchestration.defs.settle.statement_files import statement, statement_files
from orchestration.facts import ledger
from orchestration.facts.home import Home
from tests.conftest import evsettle_here
from tests.settle.sealed_month import (
    CLOSED_AT,
    DAAN,
    NOOR,
    SEM,
    called,
    check_checkpoints,
    check_closing,
    check_disputes,
    check_documents,
    check_journal,
    check_payments,
    check_status,
    dispute,
    done,
    pay,
    refused,
    rows,
)

SUBJECT = "2026-10|emo"
FOLDER = "reports/2026-10/emo"


def approved(home: Path, at: str = CLOSED_AT) -> None:
    proposal = done(home, "decide", "period", SUBJECT, "--by", SEM, at=at)["seq"]
    done(home, "decide", "approve", proposal, "--by", DAAN, at=at)


def sealed_files(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((home / FOLDER).iterdir())}


@pytest.fixture
def closed(home_copy: Path) -> Path:
    """The demo's October, sealed for emo."""
    approved(home_copy)
    done(home_copy, "decide", "seal", SUBJECT, "--by", NOOR)
    return home_copy


def test_what_may_not_be_sealed_is_said_in_a_sentence(home_copy: Path) -> None:
    assert "still takes sessions until 2026-11-05T23:00:00Z" in refused(
        home_copy, "decide", "seal", SUBJECT, "--by", NOOR, at="2026-11-05T22:59:59Z"
    )
    assert "Nobody has approved" in refused(home_copy, "decide", "seal", SUBJECT, "--by", NOOR)
    assert "no drafts of 2026-09|emo" in refused(home_copy, "decide", "seal", "2026-09|emo", "--by", NOOR)
    assert "Lotte Visser may not seal" in refused(home_copy, "decide", "seal", SUBJECT, "--by", "Lotte Visser")
    assert "2026-10-H1|voltreis is still open" in refused(
        home_copy, "decide", "seal", "2026-10-H2|voltreis", "--by", NOOR
    )
    assert "seal cannot be about 'emo'" in refused(home_copy, "decide", "seal", "emo", "--by", NOOR)
    old = ("decide", "period", SUBJECT, "--by", SEM, "--set", f"content={'0' * 64}")
    assert "are not those with content=000" in refused(home_copy, *old)
    proposal = done(home_copy, "decide", "period", SUBJECT, "--by", SEM)["seq"]
    assert "DOC_APPROVER_SAME" in refused(home_copy, "decide", "approve", proposal, "--by", SEM)
    done(home_copy, "decide", "approve", proposal, "--by", DAAN)
    done(home_copy, "decide", "redraft", SUBJECT, "--by", DAAN, "--reason", "REDRAFT")
    assert "Nobody has approved" in refused(home_copy, "decide", "seal", SUBJECT, "--by", NOOR)
    approved(home_copy)
    # Between two runs the ledger says who acts next.
    periods = json.loads(evsettle_here("--home", home_copy, "status", "--json").stdout)["periods"]
    assert [(one["act"], one["responsible"]) for one in periods if one["partner"] == "emo"] == [("seal", "finance")]
    (key,) = rows(home_copy, "select min(cdr_key) from cdrs where partner = 'fahrstrom'")[0]
    proposal = done(home_copy, "decide", "exclude", key, "--by", SEM, "--reason", "EXC_GOODWILL")["seq"]
    done(home_copy, "decide", "approve", proposal, "--by", DAAN)
    assert "`evsettle run` first" in refused(home_copy, "decide", "seal", SUBJECT, "--by", NOOR)
    assert not [entry for entry in ledger.read_all(Home(home_copy)) if entry.kind == "seal"]


def test_a_changed_draft_loses_its_approval(home_copy: Path) -> None:
    waiting = done(home_copy, "decide", "period", "2026-10|albion", "--by", SEM)["seq"]
    approved(home_copy)
    home = Home(home_copy)
    last = next(entry for entry in reversed(ledger.read_all(home)) if entry.kind == "run-end")
    drafts = {
        subject: draft | ({"content": "0" * 64} if subject in (SUBJECT, "2026-10|albion") else {})
        for subject, draft in last.body["drafts"].items()
    }
    ledger.append(home, "run-end", {**last.body, "drafts": drafts}, "evsettle", CLOSED_AT)
    assert "that approval is lost" in refused(home_copy, "decide", "seal", SUBJECT, "--by", NOOR)
    assert f"changed since entry {waiting} proposed them" in refused(
        home_copy, "decide", "approve", waiting, "--by", DAAN
    )


def test_a_crash_leaves_the_period_open_or_closed(home_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    approved(home_copy)
    drafts = sealed_files(home_copy)

    def killed(*_arguments: object, **_named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sealing.ledger, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            sealing.seal(Home(home_copy), "2026-10", "emo", NOOR, ledger.parse_at(CLOSED_AT))
    assert sealed_files(home_copy) == drafts
    with monkeypatch.context() as patch:
        patch.setattr(sealing, "restore", killed)
        with pytest.raises(KeyboardInterrupt):
            sealing.seal(Home(home_copy), "2026-10", "emo", NOOR, ledger.parse_at(CLOSED_AT))
    assert sealed_files(home_copy) == drafts
    again = done(home_copy, "decide", "seal", SUBJECT, "--by", NOOR)
    assert not again["is_new"]
    # The first attempt took no number, the second one took it for good.
    listed = evsettle_here("--home", home_copy, "invoices", "--json")
    assert [one["number"] for one in json.loads(listed.stdout)["documents"]] == ["NLEVS-2026-000001"]
    sealed = sealed_files(home_copy)
    assert sealed != drafts
    assert evsettle_here("--home", home_copy, "verify", "2026-10", "--no-replay").returncode == 0
    shutil.rmtree(home_copy / FOLDER)
    sealing.restore(Home(home_copy), [next(e for e in ledger.read_all(Home(home_copy)) if e.kind == "seal")])
    assert sealed_files(home_copy) == sealed


def test_a_sealed_period_is_refused_and_watched(closed: Path) -> None:
    assert "is sealed" in refused(closed, "decide", "period", SUBJECT, "--by", SEM)
    assert "is sealed" in refused(closed, "decide", "redraft", SUBJECT, "--by", SEM, "--reason", "REDRAFT")
    settlement = Settlement(home_path=str(closed))
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("statements", [SUBJECT])
        result = dg.materialize(
            [statement, dg.SourceAsset(statement_files.key)],
            resources={"settlement": settlement},
            partition_key=SUBJECT,
            instance=instance,
            raise_on_error=False,
        )
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert f"PERIOD_SEALED_WRITE: {SUBJECT} is sealed" in str(failure.step_failure_data.user_failure_data.description)
    assert evsettle_here("--home", closed, "verify", "2026-10", "--no-replay").returncode == 0
    manifest, csv = closed / FOLDER / "manifest.json", closed / FOLDER / "2026-10-emo-R-EUR.csv"
    csv.write_bytes(csv.read_bytes().replace(b"28.07", b"28.06"))
    manifest.write_text(manifest.read_text() + " ")
    (closed / FOLDER / "2026-10-emo-R-EUR.xlsx").unlink()
    (closed / FOLDER / "note.txt").write_text("by hand")
    found = evsettle_here("--home", closed, "verify", "2026-10", "--no-replay")
    assert found.returncode == 1
    for name, what in (
        (f"{FOLDER}/manifest.json", "was changed after entry"),
        (f"{FOLDER}/2026-10-emo-R-EUR.csv", "was changed after entry"),
        (f"{FOLDER}/2026-10-emo-R-EUR.xlsx", "is missing, but entry"),
        (f"{FOLDER}/note.txt", "was added"),
    ):
        assert f"{name} {what}" in found.stdout


def landed(home: Path, cdr_id: str) -> dict[str, Any]:
    """One CDR as our own system sent it."""
    lines = [line for path in (home / "landing/own/cdrs").glob("*.ndjson") for line in path.read_text().splitlines()]
    cdr: dict[str, Any] = json.loads(next(line for line in lines if f'"id": "{cdr_id}"' in line))
    return cdr


def arrive(home: Path, name: str, *cdrs: dict[str, Any]) -> None:
    path = home / "landing/own/cdrs" / name
    path.write_text("".join(json.dumps(cdr) + "\n" for cdr in cdrs))


def november(closed: Path, key: str) -> None:
    """What arrives and is decided on 10 November."""
    # A session of October that arrives on 10 November, and a credit of one that is on the sealed statement.
    late = landed(closed, "EVS-2610-0000021") | {"id": "EVS-2610-9000001", "session_id": "late-1"}
    text = json.dumps(late).replace("2026-10-05T", "2026-10-28T")
    original = landed(closed, "EVS-2610-0000032")
    credit = original | {"id": "EVS-2610-0000032-C", "credit": True, "credit_reference_id": original["id"]}
    credit["total_cost"] = {name: -value for name, value in original["total_cost"].items()}
    arrive(closed, "late.ndjson", json.loads(text), credit)
    pay(closed)
    # 4 cents less a kWh from 15 October on, approved on 10 November.
    tariff = closed / "master/tariffs/AC-BASIC.json"
    body = json.loads(tariff.read_text())
    body["elements"][0]["price_components"][0]["price"] = 0.35
    tariff.write_text(json.dumps(body | {"start_date_time": "2026-10-15T00:00:00Z"}))
    at = "2026-11-10T08:00:00Z"
    proposed = done(closed, "tariff", "propose", "AC-BASIC", "--by", NOOR, "--reason", "T_RETRO", at=at)
    # What is sealed since the last run is sealed already: nobody is told that it would be rated again.
    status = {session["statement_id"]: session["statement_status"] for session in proposed["impact"]["sessions"]}
    assert status["2026-10-emo-R-EUR"] == "sealed" and proposed["impact"]["sealed"]["EUR"].startswith("-")
    done(closed, "tariff", "approve", "AC-BASIC", "--by", SEM, at=at)
    # One session is corrected: 10.206 kWh, billed 10.206 × 0.39 = 3.98034 → 3.98, now 10.206 × 0.35 = 3.5721.
    proposal = done(closed, "decide", "adjust", key, "--set", "amount=3.5721", "--by", NOOR, "--reason", "ADJ_TARIFF",
                    at=at)["seq"]  # fmt: skip
    done(closed, "decide", "approve", proposal, "--by", SEM, at=at)


def join_a_plan(home: Path) -> list[tuple[str, str]]:
    """A driver of fahrstrom has a plan from the start of its second session until that of its third; all its sessions."""
    sessions: dict[str, list[tuple[str, str]]] = {}
    for (cdr_id,) in rows(
        home,
        "select cdr_id from cdrs where partner = 'fahrstrom' and direction = 'receivable' and state = 'valid'"
        " order by cdr_id",
    ):
        cdr = landed(home, cdr_id)
        sessions.setdefault(cdr["cdr_token"]["contract_id"], []).append((cdr["start_date_time"], cdr["id"]))
    contract, found = max(sessions.items(), key=lambda item: (len(item[1]), item[0]))
    (_, _), (joined, _), (left, _), *_ = sorted(found)
    with (home / "master/memberships.csv").open("a") as plans:
        plans.write(f"fahrstrom,{contract},GREEN,10,{joined},{left}\n")
    return sorted(found)


def check_plan(closed: Path, sessions: list[tuple[str, str]]) -> None:
    names = [cdr_id for _, cdr_id in sessions]
    listed = ", ".join(f"'{name}'" for name in names)
    found = rows(
        closed,
        "select cdrs.cdr_id, cdrs.rated_excl_tax, cdrs.expected_excl_tax, lines.plan, lines.amount_excl_tax from cdrs"
        f" left join discount_lines as lines using (cdr_key) where cdrs.cdr_id in ({listed})"
        " order by cdrs.started_at",
    )
    assert [row[0] for row in found] == names and len(names) >= 3
    assert [row[3] for row in found] == [None, "GREEN", *[None] * (len(names) - 2)]
    _, rated, expected, _, discount = found[1]
    assert rated > 0 and discount == -rated / 10 and expected == rated + discount
    assert all(row[1] == row[2] for row in found if row[3] is None)


def check_what_came(closed: Path) -> None:
    # The late one is served in October and billed in November; the credit is a line of its own.
    assert rows(closed, "select service_period, period, state, is_sealed from cdrs where cdr_key like '%-9000001'") == [
        ("2026-10", "2026-11", "valid", False)
    ]
    assert rows(closed, "select count(*) from findings where rule_id = 'PERIOD_LATE_CDR' and cdr_key like '%-9000001'")
    assert rows(
        closed,
        "select cdrs.cdr_id, cdrs.state, lines.statement_id, lines.amount_excl_tax from statement_lines as lines"
        " inner join cdrs using (cdr_key) where cdrs.cdr_id like 'EVS-2610-0000032%' order by cdr_id",
    ) == [
        ("EVS-2610-0000032", "valid", "2026-10-emo-R-EUR", Decimal("28.07")),
        ("EVS-2610-0000032-C", "valid", "2026-11-emo-R-EUR", Decimal("-28.07")),
    ]
    # What was held in October has moved, and every record is still in one place.
    assert rows(
        closed, "select count(*) from cdrs where partner = 'emo' and state = 'held' and period = '2026-10'"
    ) == [(0,)]
    assert rows(closed, "select sum(sessions) from waterfall where step = 'received'") == rows(
        closed, "select count(*) from records where feed = 'cdrs'"
    )


def check_differences(closed: Path, key: str, before: list[tuple[Any, ...]]) -> None:
    # The backdated tariff: exactly 4 cents a kWh on every sealed session it now covers, and nothing moved.
    differences = rows(
        closed,
        "select differences.cdr_key, cause, cdrs.energy_kwh, claimed_excl_tax, sealed.amount_excl_tax, difference_excl_tax,"
        " corrected_excl_tax, open_excl_tax from sealed_differences as differences inner join cdrs using (cdr_key)"
        " inner join statement_lines as sealed on differences.cdr_key = sealed.cdr_key"
        " and sealed.statement_id = '2026-10-emo-R-EUR' where cause in ('tariff', 'decision')"
        " and differences.cdr_key not in (select cdr_key from disputes) order by 1",
    )
    covered = rows(
        closed,
        "select cdr_key from cdrs where is_sealed and statement_id is not null and tariff_id = 'AC-BASIC'"
        " and started_at >= timestamptz '2026-10-15 00:00:00+00' order by 1",
    )
    assert [row[0] for row in differences] == [key for (key,) in covered] != []
    for cdr_key, cause, kwh, claim, billed, difference, corrected, left in differences:
        now = Decimal("3.5721") if cdr_key == key else claim - kwh * Decimal("0.04")
        assert difference == now.quantize(Decimal("0.01")) - billed, cdr_key
        assert (cause, corrected, left) == (
            ("decision", difference, 0) if cdr_key == key else ("tariff", 0, difference)
        )
    # The one that was decided stands on an adjustment run of November, and says what it corrects.
    line_no = next(number for number, line_key, _ in before if line_key == key)
    assert rows(
        closed,
        "select lines.statement_id, kind, cdr_key, lines.amount_excl_tax, corrects, status from statement_lines as lines"
        " inner join statements using (statement_id) where kind = 'adjustment'"
        " and cdr_key not in (select cdr_key from disputes)",
    ) == [("2026-11-emo-R-EUR-A1", "adjustment", key, Decimal("-0.41"), f"2026-10-emo-R-EUR#{line_no}", "draft")]
    assert (closed / "reports/2026-11/emo/2026-11-emo-R-EUR-A1.csv").is_file()


def test_what_comes_after_the_seal_changes_nothing_there(closed: Path) -> None:
    sealed = sealed_files(closed)
    before = rows(closed, "select line_no, cdr_key, amount_excl_tax from statement_lines"
                  " where statement_id = '2026-10-emo-R-EUR' order by line_no")  # fmt: skip
    key = "nl/evs|evs-2610-0000134"
    november(closed, key)
    dispute(closed)
    planned = join_a_plan(closed)
    ran = called(closed, "run", at="2026-11-10T09:00:00Z")
    assert ran.returncode == 0, ran.stderr

    assert sealed_files(closed) == sealed
    assert before == rows(closed, "select line_no, cdr_key, amount_excl_tax from statement_lines"
                          " where statement_id = '2026-10-emo-R-EUR' order by line_no")  # fmt: skip
    assert rows(
        closed, f"select status, approved_by, sealed_by from periods where period || '|' || partner = '{SUBJECT}'"
    ) == [("sealed", DAAN, NOOR)]
    check_what_came(closed)
    check_disputes(closed)
    check_differences(closed, key, before)
    check_plan(closed, planned)

    # From the ledger alone: the same tables, the same bytes, the sealed ones too.
    tables, reports = snapshots.tables(closed), snapshots.reports(closed)
    for folder in ("warehouse", "published", "reports"):
        shutil.rmtree(closed / folder)
    ran = called(closed, "run", at="2026-11-10T10:00:00Z")
    assert ran.returncode == 0, ran.stderr
    # An hour passed, and the clocks of disputes and of hand-offs that are waited for say so.
    clocks = {"settle.disputes": "", "settle.dispute_hand_overs": "", "settle.handoff_lag": ""}
    assert snapshots.tables(closed) | clocks == tables | clocks
    assert snapshots.reports(closed) == reports
    check_journal(closed)
    check_payments(closed)
    check_closing(closed)
    check_checkpoints(closed)
    check_status(closed)
    check_documents(closed)
    assert sealed_files(closed) == sealed
