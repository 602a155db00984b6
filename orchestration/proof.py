"""The proof of one line of a sealed statement: one small file that can be checked without a home.

It holds the line with all that it came from as the seal fixed it (line_stories), the record and the tariffs as they
were sent, and the two entries of the ledger that they hang on: the seal, by the Merkle root of its lines, and the
arrival, by that of the file's records. What does not belong here: the words of the answer (the command).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, cast

from orchestration.defs.ingest.records import RawRecord
from orchestration.defs.ingest.tariff import Tariff, TariffError, parse_tariff
from orchestration.facts import objects
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry, LedgerError, canonical, entry_of, fields_of
from orchestration.facts.merkle import Step, proof, root_from_proof
from orchestration.facts.objects import sha256_of
from orchestration.facts.seals import seals
from orchestration.landed_records import split_landed
from orchestration.tariffs.registry import master_text

FORMAT, VERSION = "evsettle-line-proof", 1
_OCPI = ("2.1.1", "2.2.1", "2.3.0")
_FIELDS = {
    "format",
    "version",
    "story",
    "story_steps",
    "record",
    "record_steps",
    "tariffs",
    "seal",
    "arrival",
    "sha256",
}


class ProofError(Exception):
    """A proof cannot be made; one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a proof shows: the line with its story, the entries, what it was priced at here, and what is wrong.

    priced: net of tax, null where nothing was priced again; then `not_priced` says why.
    """

    story: Mapping[str, Any]
    seal: Entry | None
    arrival: Entry | None
    record: str | None
    priced: Decimal | None
    not_priced: str | None
    problems: tuple[str, ...]


def make_proof(home: Home, entries: Sequence[Entry], statement_id: str, line_no: int) -> bytes:
    """The proof as JSON, keys in order, one line. Raises ProofError, ObjectError."""
    seal, stories, index = _sealed_line(home, entries, statement_id, line_no)
    story = json.loads(stories[index])
    body: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "story": stories[index],
        "story_steps": proof([sha256_of(each.encode()) for each in stories], index),
        "seal": fields_of(seal),
        "record": None,
        "record_steps": [],
        "arrival": None,
        "tariffs": [],
    }
    if story["record"] is not None:
        arrival, records, place = _landed(home, entries, story["record"])
        body["record"] = records[place].text
        body["record_steps"] = proof([record.sha256 for record in records], place)
        body["arrival"] = fields_of(arrival)
        body["tariffs"] = _tariff_texts(home, entries, story)
    body["sha256"] = _digest(body)
    return canonical(body) + b"\n"


def _digest(body: Mapping[str, Any]) -> str:
    return sha256_of(canonical({name: value for name, value in body.items() if name != "sha256"}))


def _sealed_line(home: Home, entries: Sequence[Entry], statement_id: str, line_no: int) -> tuple[Entry, list[str], int]:
    seal = next((seal for seal in seals(entries).values() if statement_id in seal.body["statements"]), None)
    if seal is None:
        known = (
            ", ".join(sorted(name for seal in seals(entries).values() for name in seal.body["statements"])) or "none"
        )
        raise ProofError(f"{statement_id} is not sealed, so nothing on it is final; sealed are: {known}.")
    if not seal.body.get("lines"):
        raise ProofError(f"Entry {seal.seq} is of a version whose seals did not name their lines one by one.")
    stories = objects.get(home, seal.body["lines"]["stories"]).decode().splitlines()
    numbers = [(each["statement_id"], each["line_no"]) for each in map(json.loads, stories)]
    if (statement_id, line_no) not in numbers:
        last = max(number for name, number in numbers if name == statement_id)
        raise ProofError(f"{statement_id} has no line {line_no}: its lines are 1 to {last}.")
    return seal, stories, numbers.index((statement_id, line_no))


def _landed(home: Home, entries: Sequence[Entry], at: Mapping[str, Any]) -> tuple[Entry, list[RawRecord], int]:
    """The arrival that brought a record's file, the file's records, and which of them it is."""
    for arrival in entries:
        for file in arrival.body["files"] if arrival.kind == "arrival" else ():
            named = (file["source"], file["feed"], file["file_name"], file["sha256"])
            if named == (at["source"], at["feed"], at["file_name"], at["file_sha256"]) and file["replays"] is None:
                records = split_landed(home, entries, arrival, file, objects.get(home, file["sha256"]))
                for place, record in enumerate(records):
                    if (record.position, record.sha256) == (at["position"], at["record_sha256"]):
                        return arrival, records, place
    raise ProofError(f"The record {at['file_name']}#{at['position']} is not in the ledger's objects any more.")


def _tariff_texts(home: Home, entries: Sequence[Entry], story: Mapping[str, Any]) -> list[str]:
    """Tariffs of the registry that it was priced with, as they were sent; those that the record embeds stand in it."""
    texts = []
    for use in story["tariffs"]:
        if use["origin"] != "registry" or use["tariff_body"] is None:
            continue
        if use["record_id"] is None:
            text = master_text(home, use["sighting_seq"], use["tariff_id"], use["tariff_body"])
        else:
            text = _text_at(home, entries, use["record_id"])
        if text is None:
            raise ProofError(f"Tariff {use['tariff_id']} is not in the ledger's objects any more.")
        texts.append(text)
    return texts


def _text_at(home: Home, entries: Sequence[Entry], record_id: int) -> str | None:
    file_seq, position = record_id >> 32, record_id & 0xFFFFFFFF
    for arrival in entries:
        for file in arrival.body["files"] if arrival.kind == "arrival" else ():
            if file["file_seq"] == file_seq:
                records = split_landed(home, entries, arrival, file, objects.get(home, file["sha256"]))
                return next((record.text for record in records if record.position == position), None)
    return None


def is_proof(data: bytes) -> bool:
    """Whether a file says that it is a proof, or was one before somebody touched it."""
    return data.lstrip()[:1] == b"{" and (FORMAT.encode() in data or b'"story_steps"' in data)


def check_proof(data: bytes) -> Checked:
    """Check every byte of a proof, and price its record again. Raises nothing: what is wrong is among the problems."""
    try:
        body = json.loads(data)
        if set(body) != _FIELDS or canonical(body) + b"\n" != data or body["sha256"] != _digest(body):
            raise ValueError
        if (body["format"], body["version"]) != (FORMAT, VERSION):
            raise ValueError
        story = json.loads(body["story"])
        seal = entry_of(body["seal"])
        arrival = None if body["arrival"] is None else entry_of(body["arrival"])
    except (ValueError, TypeError, KeyError, RecursionError, LedgerError):
        problem = "The file was changed: its bytes are not those that its own hash covers."
        return Checked({}, None, None, None, None, None, (problem,))
    try:
        problems = [
            *_line_problems(body, seal),
            *_record_problems(body, story, arrival),
            *_tariff_problems(body, story),
        ]
        priced, not_priced = (None, None) if problems else _priced(body, story, problems)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        problems, priced, not_priced = [f"The parts of the proof do not fit together ({error})."], None, None
    return Checked(story, seal, arrival, body["record"], priced, not_priced, tuple(problems))


def _steps(body: Mapping[str, Any], name: str) -> list[Step]:
    return [cast(Step, (side, sibling)) for side, sibling in body[name]]


def _line_problems(body: Mapping[str, Any], seal: Entry) -> list[str]:
    root = root_from_proof(sha256_of(body["story"].encode()), _steps(body, "story_steps"))
    if seal.kind != "seal" or root != seal.body["lines"]["root"]:
        return [
            f"The line is not one that entry {seal.seq} sealed: its hash does not lead to the root that stands there."
        ]
    return []


def _record_problems(body: Mapping[str, Any], story: Mapping[str, Any], arrival: Entry | None) -> list[str]:
    at = story["record"]
    if at is None:
        return []
    if arrival is None or arrival.kind != "arrival" or body["record"] is None:
        return ["The record that the line came from is not in the proof."]
    sha256 = sha256_of(body["record"].encode())
    if sha256 != at["record_sha256"]:
        return ["The record is not the one that the line came from: its bytes do not give its hash."]
    root = root_from_proof(sha256, _steps(body, "record_steps"))
    files = [file for file in arrival.body["files"] if file["sha256"] == at["file_sha256"]]
    if root not in [file["merkle_root"] for file in files]:
        return [f"The record is not of a file that entry {arrival.seq} took in."]
    return []


def _tariff_problems(body: Mapping[str, Any], story: Mapping[str, Any]) -> list[str]:
    wanted = sorted(
        use["tariff_body"] for use in story["tariffs"] if use["origin"] == "registry" and use["tariff_body"]
    )
    try:
        given = sorted(parse_tariff(text).body for text in body["tariffs"])
    except TariffError as error:
        return [f"A tariff cannot be read: {error}."]
    return [] if given == wanted else ["The tariffs are not those that the line was priced with."]


def _priced(
    body: Mapping[str, Any], story: Mapping[str, Any], problems: list[str]
) -> tuple[Decimal | None, str | None]:
    """The record priced again by the models of `evsettle price`, and why not; a difference is added to the problems."""
    session = story["session"]
    if session is None:
        return None, "it is no session"
    if session["ocpi_version"] not in _OCPI:
        return None, f"the record came as {session['ocpi_version'].upper()}; its price steps are those that were sealed"
    if session["rated_excl_tax"] is None:
        return None, "it had no price of its own"
    answer = _price(body["record"], [parse_tariff(text) for text in body["tariffs"]], session)
    lines = sorted(Decimal(line["excl_vat"]) for line in answer["lines"])
    sealed = sorted(Decimal(line["amount_excl_tax"]) for line in story["price_lines"])
    if lines != sealed:
        problems.append(
            f"Priced again it comes to {sum(lines)}, but {sum(sealed)} was sealed: this engine prices it otherwise."
        )
    return sum(lines, Decimal(0)), None


def _price(text: str, tariffs: Sequence[Tariff], session: Mapping[str, Any]) -> Mapping[str, Any]:
    from orchestration.engine.price import price

    record = RawRecord(1, text, sha256_of(text.encode()))
    policy = cast(Literal["as_sent", "split"], session["period_policy"] or "as_sent")
    (answer,) = price([record], tariffs, session["time_zone"], session["ocpi_version"], policy)
    found: Mapping[str, Any] = json.loads(answer)
    return found
