"""Whole and usual evidence goes through one pass of SQL; what it makes of a record is what the careful route makes."""

import copy
import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from factories import places

from orchestration.defs.ingest import evidence_load
from orchestration.defs.ingest.bulk import Gathered
from orchestration.defs.ingest.evidence_load import likeness, load_alike
from orchestration.defs.ingest.feed_load import EvidenceFile, load_evidence
from orchestration.defs.ingest.feed_mapping import FeedMapping, read_feed_mapping
from orchestration.defs.ingest.files import GivenBytes, LandedFile
from orchestration.defs.ingest.mapping import MappingError
from orchestration.defs.ingest.record_chunks import RecordChunk
from orchestration.warehouse import open_in_memory

SESSION: dict[str, Any] = {
    "country_code": "NL", "party_id": "EVS", "id": "S1", "start_date_time": "2026-10-05T08:00:00Z",
    "end_date_time": "2026-10-05T09:00:00Z", "kwh": 12.5,
    "cdr_token": {"country_code": "DE", "party_id": "FST", "uid": "04AB", "type": "RFID", "contract_id": "DE-FST-C1"},
    "auth_method": "AUTH_REQUEST", "authorization_reference": "A1", "location_id": "L1", "evse_uid": "E1",
    "connector_id": "1", "meter_id": "M1", "currency": "EUR", "status": "COMPLETED",
    "last_updated": "2026-10-05T09:00:10Z",
}  # fmt: skip
CHARGED = {"start_date_time": "2026-10-05T08:00:00Z", "dimensions": [{"type": "ENERGY", "volume": 12.5}]}
EVSE = {"uid": "E1", "evse_id": "NL*EVS*E1", "connectors": [{"id": "1"}, {"id": "2"}]}
WHOLE: dict[str, list[dict[str, Any]]] = {
    "sessions": [
        SESSION | {"total_cost": {"excl_vat": 3.2, "incl_vat": 3.872}, "charging_periods": [CHARGED]},
        SESSION | {"total_cost": {"before_taxes": 3.2, "taxes": [{"name": "VAT", "amount": 0.672}, {"amount": 0.1}]}},
        {
            "id": "S1", "start_datetime": "2026-10-05T08:00:00Z", "end_datetime": "2026-10-05T09:00:00Z", "kwh": 12.5,
            "auth_id": "DE-FST-C00000001", "auth_method": "WHITELIST", "authorization_id": "A1", "meter_id": "M1",
            "location": {"id": "L1", "name": "Zürich", "evses": [EVSE, EVSE]}, "currency": "EUR",
            "total_cost": 3.2, "status": "COMPLETED", "last_updated": "2026-10-05T09:00:10Z",
        },
        {
            "session_id": "S1", "cpo_party": "NL/EVS", "emsp_party": "de-fst", "started_at": "2026-10-05T08:00:00Z",
            "ended_at": None, "energy_kwh": "12.5", "status": "ACTIVE", "evse_id": "NL*EVS*E1",
            "total_cost_excl_tax": 3.2, "total_cost_incl_tax": 3.872, "currency": "EUR",
        },
    ],
    "authorizations": [
        {
            "answered_at": "2026-10-05T07:59:50Z", "allowed": "ALLOWED", "emsp_party": "DE/FST", "cpo_party": "NL/EVS",
            "token_uid": "04AB", "token_type": "RFID", "contract_id": "DE-FST-C1", "location_id": "L1",
            "evse_uid": "E1", "authorization_reference": "A1",
        },
        {
            "answered_at": "2026-10-05T07:59:50Z", "allowed": "BLOCKED", "authorization_reference": "A1",
            "token": {"country_code": "DE", "party_id": "FST", "uid": "04AB", "type": "RFID", "contract_id": "C1"},
            "location": {"location_id": "L1", "evse_uids": ["E1", "E2"]},
        },
    ],
    "charger_events": [
        {
            "happened_at": "2026-10-05T08:00:00Z", "recorded_at": "2026-10-05T08:00:02Z", "event": "stop",
            "value": "EVDisconnected", "evse_uid": "E1", "evse_id": "NL*EVS*E1", "connector_id": 1, "session_id": "S1",
            "meter_id": "M1",
        },
    ],
    "receipts": [
        {
            "cdr_id": "C1", "session_id": "S1", "cpo_party": "CH/ALP", "kind": "charged",
            "shown_at": "2026-10-05T09:01:00Z", "started_at": "2026-10-05T08:00:00Z", "energy_kwh": "22.594",
            "amount_excl_tax": -7.91, "amount_incl_tax": 8.55, "currency": "CHF", "terminal_id": "",
        },
    ],
}  # fmt: skip
VALUES: list[Any] = [
    None, "", " ", " x", "x ", "x\u00a0", "\u00fc", "a b", "a:b", 'a"b', "a\\b", "x\ty", "x" * 40, 0, 5, -3, 0.1, 1.50,
    0.123456785, 12345678.12345678, 1e-7, 1e3, 123456789012, 12345678901234567890, "5", "-5.5", "+5", "12,5", True,
    "true", {}, [], [None], {"a": 1}, {"uid": "z"}, [{"amount": 1}, {"amount": "2"}], [{"amount": None}], "NLEVS",
    "nl*evs", "N/LEVS", "2026-10-05T08:00:00", "2026-02-30T08:00:00Z", "2026-10-05T24:00:00Z", "2026-10-05T08:00:00.5Z",
    "2026-10-05T10:00:00+02:00", "0000-10-05T08:00:00Z", "0001-01-01T00:00:00Z", "2026-10-05", 1759651200, "completed",
    "Outage-Start", "NaN",
]  # fmt: skip
TEXTS = [
    '"id": "X"', '"cdr_token.uid": "X"', '"kwh": 1, "kwh": 2', '"own": {"a": 1, "a": 2}', '"own": NaN', '"token": "x"',
    '"a": "\\u003a"', '"\\u0069d": "X"', '"before_taxes": 1', '"start_datetime": null', '"session_id": null',
    '"auth_id": "DE-FST-C9"', '"energy_kwh": 1e400', '"own": "\\ud800"',
]  # fmt: skip
MAPPINGS = {
    "none": "",
    "parties": "constants: {cpo_party: nl-evs, time_zone: Europe/Amsterdam}",
}


def bent(whole: dict[str, Any]) -> Iterator[str]:
    """The record itself, without each field, with each field in every form, and with a text added."""
    yield json.dumps(whole, ensure_ascii=False)
    yield json.dumps(whole)
    for path in places(whole):
        for value in ["leave out", *VALUES]:
            record = copy.deepcopy(whole)
            holder = record
            for key in path[:-1]:
                holder = holder[key]
            if value == "leave out":
                del holder[path[-1]]
            else:
                holder[path[-1]] = value
            yield json.dumps(record, ensure_ascii=False)
    for text in TEXTS:
        yield json.dumps(whole)[:-1] + f", {text}}}"


def a_file(
    feed: str, name: str, data: bytes, mapping: str, default_party: str | None, file_seq: int = 1
) -> EvidenceFile:
    read: FeedMapping | None = None
    if mapping:
        read = read_feed_mapping(f"master/mappings/emo.{feed}.yaml", mapping.encode(), feed)
    return EvidenceFile(file_seq, LandedFile("emo", feed, name), GivenBytes(data), read, default_party)


Rows = dict[str, list[tuple[Any, ...]]]


def rows_of(feed: str, load: Callable[[Any, Gathered], None]) -> Rows:
    with open_in_memory() as connection:
        gathered = Gathered(connection)
        load(connection, gathered)
        gathered.flush()
        names = ("raw_records", f"raw_{feed}")
        return {name: sorted(connection.execute(f"from ingest.{name}").fetchall(), key=repr) for name in names}


def by_both_routes(files: list[EvidenceFile], monkeypatch: pytest.MonkeyPatch) -> tuple[Rows, Rows, RecordChunk]:
    """Rows by the plain route and by the careful one, and the records that the plain one left over."""
    left: list[RecordChunk] = []
    route = evidence_load.load_plain_evidence
    monkeypatch.setattr(evidence_load, "load_plain_evidence", lambda *given: left.append(route(*given)) or left[-1])
    feed = files[0].landed.feed
    assert len({likeness(file) for file in files}) == 1
    plain = rows_of(feed, lambda connection, gathered: load_alike(connection, gathered, files))
    careful = rows_of(feed, lambda _, gathered: [load_evidence(gathered, file) for file in files] and None)
    monkeypatch.undo()
    return plain, careful, left[-1]


def the_same(plain: Rows, careful: Rows) -> None:
    for name, rows in careful.items():
        for one, other in zip(plain[name], rows, strict=True):
            assert one == other


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("feed", WHOLE)
def test_both_routes_give_the_same_rows_of_json(feed: str, mapping: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for whole in WHOLE[feed]:
        lines = list(bent(whole))
        file = a_file(feed, "a.ndjson", "\n".join(lines).encode(errors="surrogatepass"), MAPPINGS[mapping], "NL/EVM")
        plain, careful, left = by_both_routes([file], monkeypatch)
        the_same(plain, careful)
        # The whole one is usual, and so is much of what is bent.
        assert 1 not in left.positions
        assert 0.2 * len(lines) < len(left) < 0.8 * len(lines)


@pytest.mark.parametrize("feed", WHOLE)
def test_both_routes_give_the_same_rows_of_csv(feed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = WHOLE[feed][-1 if feed == "sessions" else 0]
    rows = []
    for name in whole:
        for value in VALUES:
            cell = value if isinstance(value, str) else json.dumps(value)
            rows.append({key: "" if given is None else str(given) for key, given in whole.items()} | {name: cell})
    out = io.StringIO()
    writer = csv.DictWriter(out, list(whole), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    lines = [*out.getvalue().split("\r\n")[:-1], "one,cell too few", '"a,b', "x" * 200_000]
    file = a_file(feed, "a.csv", "\r\n".join(lines).encode(), "", None)
    plain, careful, left = by_both_routes([file], monkeypatch)
    the_same(plain, careful)
    assert 0.2 * len(rows) < len(left) < 0.8 * len(rows)


def test_files_of_one_likeness_are_loaded_together() -> None:
    versions = [json.dumps(whole).encode() for whole in WHOLE["sessions"]]
    array = b"[" + b",".join(versions) + b"]"
    files = [
        a_file("sessions", name, data, "", None, file_seq)
        for file_seq, (name, data) in enumerate(
            {
                "a.json": array,
                "b.json.gz": b"no archive",
                "c.ndjson": b"\n".join(versions),
                "d.json": array[:-9],
            }.items(),
            1,
        )
    ]
    plain = rows_of("sessions", lambda connection, gathered: load_alike(connection, gathered, files))
    whole_files = {row[0] for row in plain["raw_records"] if row[2] == 0}
    assert whole_files == {2 << 32}
    problem = next(row for row in plain["raw_records"] if row[0] == 2 << 32)[-1]
    assert problem.startswith("emo/sessions/b.json.gz: ")
    assert len(plain["raw_sessions"]) == 4 + 4 + 3


def test_a_mapping_names_parties_in_one_way_or_none() -> None:
    with pytest.raises(MappingError, match=r"constants\.cpo_party is 'nobody'; write country and party like NL/EMO"):
        a_file("sessions", "a.json", b"[]", "constants: {cpo_party: nobody}", None)
    file = a_file("sessions", "a.json", b"[]", "constants: {cpo_party: nl-emo}", None)
    assert file.mapping is not None
    assert file.mapping.constants == {"cpo_party": "NL/EMO"}
