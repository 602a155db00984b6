"""What a person types as the subject of a decision, looked up among the tables of the last run."""

from dataclasses import dataclass
from pathlib import Path

from orchestration.facts import subjects
from orchestration.facts.subjects import SubjectError

_CDRS = "select cdr_key from cdrs where cdr_key = lower(?) or lower(cdr_id) = lower(?) order by cdr_key"
_POSITIONS = (
    "select count(*), min(position), max(position) from records where source = $1 and feed = $2 and file_name = $3"
)
_RECORD = "select 1 from records where source = $1 and feed = $2 and file_name = $3 and cast(position as varchar) = $4"


@dataclass(frozen=True, slots=True)
class PublishedSubjects:
    """The CDRs and records of the last published run; `path`, that of the CDRs, may not be there yet."""

    path: Path

    def resolve(self, text: str) -> str:
        """`text` with a bare CDR id replaced by its cdr_key. Raises SubjectError when it is none or several."""
        kind, identifier = subjects.parse(text)
        if kind == "record":
            self._check_record(*subjects.record_place(identifier))
        if kind != "cdr":
            return text
        if not self.path.exists():
            if subjects.is_bare_cdr_id(kind, identifier):
                raise SubjectError(
                    f"No run has published its sessions yet, so {identifier!r} cannot be looked up: "
                    f"give the cdr_key, as nl/emo|{identifier}."
                )
            return subjects.written(kind, identifier)
        keys = self._keys(identifier)
        if not keys:
            raise SubjectError(
                f"There is no CDR {identifier!r} among the published sessions: check the id with "
                f"`evsettle explain {identifier}`, or run `evsettle run` first if it has just landed."
            )
        if len(keys) > 1:
            raise SubjectError(f"{identifier!r} is the id of {len(keys)} CDRs: give one of {', '.join(keys)}.")
        return subjects.written(kind, keys[0])

    def _check_record(self, file: str, position: str) -> None:
        """Refuse a place that a published file does not have. One whose file no run has published is let through."""
        path, place = self.path.with_name("records.parquet"), file.split("/", 2)
        if not path.exists() or len(place) < 3:
            return
        import duckdb

        with duckdb.connect() as connection:
            connection.read_parquet(str(path)).create_view("records")
            records, first, last = connection.execute(_POSITIONS, place).fetchone() or (0, None, None)
            if records and connection.execute(_RECORD, [*place, position]).fetchone() is None:
                raise SubjectError(
                    f"{file} has no record {position!r}: its {records} stand at {first} to {last}, as"
                    f" record:{file}#{first} (`evsettle explain {file}` lists them)."
                )

    def _keys(self, identifier: str) -> list[str]:
        # Parquet is read only when a CDR is named: DuckDB costs more than the rest of the command.
        import duckdb

        with duckdb.connect() as connection:
            connection.read_parquet(str(self.path)).create_view("cdrs")
            return [str(key) for (key,) in connection.execute(_CDRS, [identifier, identifier]).fetchall()]
