"""`evsettle price` as a person calls it: files, standard input, tariffs beside the CDRs, errors in a sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from click.testing import CliRunner, Result

from orchestration.cli.price import command
from tests.rate.sessions import cdr, component, cost, element, period, tariff, to_json

ENERGY = element(component("ENERGY", "0.30", "20"))
SESSION = cdr(tariff(ENERGY), period(0, ENERGY=10))


def call(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], input=stdin)


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def written(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else to_json(content))
    return path


def test_answers_come_in_the_order_of_the_files_one_line_each(tmp_path: Path) -> None:
    many = written(tmp_path, "many.json", [{**SESSION, "id": name} for name in ("B", "A", "A")])
    one = written(tmp_path, "one.json", {**SESSION, "id": "C"})
    broken = written(
        tmp_path, "lines.ndjson", f'{to_json({**SESSION, "id": "D"})}\n{{"id": \n{to_json(SESSION)}\n[1]\n'
    )
    found = lines(call(many, one, broken))
    assert [answer["id"] for answer in found] == ["B", "A", "A", "C", "D", None, "C1", None]
    assert [answer["position"] for answer in found] == [1, 2, 3, 1, 1, 2, 3, 4]
    assert [cost(answer) is None for answer in found] == [False] * 5 + [True, False, True]
    assert all(answer["problems"] for answer in found if cost(answer) is None)


def test_a_price_with_more_decimals_than_count_is_told_of(tmp_path: Path) -> None:
    exact = tariff(element(component("ENERGY", "0.12345678", "20")))
    rounded = tariff(element(component("ENERGY", "0.123456789", "20")))
    found = lines(call("-", stdin=to_json([cdr(one, period(0, ENERGY=10)) for one in (exact, rounded)])))
    assert [answer["problems"] for answer in found] == [
        [],
        [{"rule_id": "NUM_PRECISION_EXCESS", "severity": "warn",
          "message": "More than 4 decimals in tariffs; read to 8 places."}],
    ]  # fmt: skip
    beside = call("-", "--tariff", written(tmp_path, "t.json", rounded), stdin=to_json(SESSION))
    assert "price is 0.123456789, and counts as 0.12345679; give at most 8 decimals." in beside.stderr


def test_the_elements_of_arrays_one_a_line_are_all_answered() -> None:
    text = "\n".join(to_json([{**SESSION, "id": f"{row}{at}"} for at in "ab"]) for row in "12")
    found = lines(call("-", stdin=text))
    assert [(answer["id"], answer["position"]) for answer in found] == [("1a", 1), ("1b", 2), ("2a", 3), ("2b", 4)]
    assert not any(answer["problems"] for answer in found)


def test_standard_input_may_be_an_envelope() -> None:
    envelope = {"data": [SESSION], "status_code": 1000, "timestamp": "2026-10-05T12:00:00Z"}
    assert [cost(answer) for answer in lines(call("-", stdin=to_json(envelope)))] == [("3.0000", "3.6000")]


def test_tariffs_stand_in_where_a_cdr_embeds_none_or_one_of_the_same_id(tmp_path: Path) -> None:
    dear = written(tmp_path, "tariffs.json", [tariff(element(component("ENERGY", "1", "0")), name="t1")])
    sessions = [cdr([], period(0, ENERGY=10)), SESSION, cdr(tariff(ENERGY, name="T2"), period(0, ENERGY=10)),
                cdr(tariff(ENERGY, name="T2"), period(0, "T1", ENERGY=10))]  # fmt: skip
    found = lines(call("-", "--tariff", dear, stdin="\n".join(to_json(session) for session in sessions)))
    assert [cost(answer) for answer in found] == [
        ("10.0000",) * 2,
        ("10.0000",) * 2,
        ("3.0000", "3.6000"),
        ("10.0000",) * 2,
    ]


def test_two_tariffs_of_one_id_in_force_at_once_are_told(tmp_path: Path) -> None:
    dear, cheap = element(component("ENERGY", "1", "0")), element(component("ENERGY", "0.5", "0"))
    first, second = written(tmp_path, "dear.json", tariff(dear)), written(tmp_path, "cheap.json", tariff(cheap))
    later = written(tmp_path, "later.json", {**tariff(cheap), "start_date_time": "2026-10-05T10:00:00Z"})
    bare = written(tmp_path, "bare.json", cdr([], period(0, ENERGY=10)))
    twice = lines(call(bare, "--tariff", first, "--tariff", second))[0]
    assert (cost(twice), [problem["rule_id"] for problem in twice["problems"]]) == (
        ("10.0000",) * 2,
        ["TARIFF_OVERLAP"],
    )
    for other in (first, later):
        answer = lines(call(bare, "--tariff", first, "--tariff", other))[0]
        assert (cost(answer), answer["problems"]) == (("10.0000",) * 2, [])


def test_the_version_is_told_from_the_fields_or_given() -> None:
    old = {**SESSION, "stop_date_time": SESSION["end_date_time"]}
    assert [answer["version"] for answer in lines(call("-", stdin=to_json([SESSION, old])))] == ["2.2.1", "2.1.1"]
    assert lines(call("-", "--ocpi", "2.3.0", stdin=to_json(SESSION)))[0]["version"] == "2.3.0"


def test_a_record_without_an_id_is_priced_and_told_by_its_place() -> None:
    answer = lines(call("-", stdin=to_json({key: value for key, value in SESSION.items() if key != "id"})))[0]
    assert (answer["id"], answer["position"], cost(answer)) == (None, 1, ("3.0000", "3.6000"))
    assert [problem["message"] for problem in answer["problems"]] == ["The record lacks id."]


def test_what_is_wrong_for_two_volumes_is_said_once_and_a_clock_that_nobody_knows_is_named() -> None:
    both = element(component("ENERGY", "0.30", "20"), component("TIME", "1", "20"), min_power=20)
    clock = element(component("ENERGY", "0.30", "20"), start_time="08:00", end_time="10:00")
    sessions = [cdr(tariff(both), period(0, ENERGY=10, TIME=1)), cdr(tariff(clock), period(0, ENERGY=10))]
    found = lines(call("-", stdin="\n".join(to_json(session) for session in sessions)))
    told = [[(problem["rule_id"], problem["message"]) for problem in answer["problems"]] for answer in found]
    assert [[rule_id for rule_id, _ in problems] for problems in told] == [
        ["PRICE_NOT_COMPUTABLE"],
        ["TIME_ZONE_MISSING"],
    ]
    assert "it needs an IANA zone that exists" in told[1][0][1]


def test_a_wrong_call_is_answered_in_one_sentence(tmp_path: Path) -> None:
    empty = written(tmp_path, "empty.json", "[]")
    archive = tmp_path / "cdrs.zip"
    with ZipFile(archive, "w") as packed:
        packed.writestr("cdr.json", to_json(SESSION))
    calls = [
        (call(archive), 2, "is a zip archive: unpack it"),
        (call(tmp_path / "missing.json"), 2, "cannot be read"),
        (call(), 2, "Missing argument"),
        (call("-", "--ocpi", "3.0", stdin="{}"), 2, "3.0"),
        (call("-", "--time-zone", "Mars/Phobos", stdin=to_json(SESSION)), 2, "not an IANA time zone"),
        (call(empty), 2, "there is no CDR"),
        (call("-", "--tariff", written(tmp_path, "t.json", "[1]"), stdin=to_json(SESSION)), 2, "t.json, tariff 1"),
        (
            call("-", "--tariff", written(tmp_path, "c.json", SESSION), stdin=to_json(SESSION)),
            2,
            "is a CDR and no tariff",
        ),
    ]
    for result, code, words in calls:
        assert result.exit_code == code and words in result.output and "Traceback" not in result.output, result.output


def test_pricing_imports_nothing_that_takes_seconds(tmp_path: Path) -> None:
    """One CDR should take about a second: pandas alone would take two."""
    file = written(tmp_path, "one.json", SESSION)
    code = (
        "import sys; from orchestration.cli.price import command; command(sys.argv[1:], standalone_mode=False);"
        " heavy = {'pandas', 'dagster', 'dbt', 'great_expectations', 'pyarrow'} & set(sys.modules); sys.exit(str(heavy) if heavy else 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, env=dict(os.environ), check=False
    )
    assert ran.returncode == 0, ran.stderr
