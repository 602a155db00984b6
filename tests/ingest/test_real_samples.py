"""The payloads that the standards publish load as they are. Skipped where ../shared is not beside the repository."""

from pathlib import Path

import pytest

from orchestration.defs.ingest.landing import take_in
from orchestration.defs.ingest.load import load_from_ledger
from orchestration.warehouse import open_warehouse
from tests.small_home import at, land, make_home, rows

SAMPLES = Path(__file__).resolve().parent.parent.parent.parent / "shared" / "real" / "samples"
OCPI = SAMPLES / "ocpi"
OICP = SAMPLES / "oicp"

pytestmark = pytest.mark.skipif(not OCPI.is_dir(), reason="../shared/real/samples is not there")


def test_every_published_ocpi_payload_is_typed(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    for path in sorted(OCPI.glob("*.json")):
        feed = "sessions" if "session" in path.name else "cdrs"
        land(home, f"hub/{feed}/{path.name}", path.read_bytes())
    take_in(home, at(0))
    with open_warehouse(home.warehouse) as connection:
        load_from_ledger(home, connection)
        assert rows(connection, "select problem from ingest.raw_records where not is_typed") == []
        found = rows(
            connection, "select ocpi_version, energy_kwh > 0, claimed_excl_tax > 0 from ingest.raw_cdrs order by 1"
        )
        assert found == [("2.1.1", True, True), ("2.2.1", True, True), ("2.3.0", True, True)]
        assert rows(connection, "select count(*) from ingest.raw_sessions") == [(2,)]


def test_the_published_oicp_record_is_a_cdr(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    land(home, "hubject/cdrs/pull.json", (OICP / "oicp_2.3_EMP_pull_cdrs_response.json").read_bytes())
    land(home, "hubject/cdrs/push.json", (OICP / "oicp_2.3_CPO_push_cdr_request.json").read_bytes())
    take_in(home, at(0))
    with open_warehouse(home.warehouse) as connection:
        load_from_ledger(home, connection)
        assert rows(connection, "select problem from ingest.raw_records where not is_typed") == []
        # The example starts and ends at one moment, and took 10 kWh: the gate says so, the loader keeps it.
        found = rows(
            connection, "select distinct started_at = ended_at, energy_kwh, type_problems from ingest.raw_cdrs"
        )
        assert len(found) == 1 and found[0][0] is True and found[0][1] == 10
