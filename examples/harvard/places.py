"""The stations that the study's file names, as OCPI locations: one plug each, at most 25 kW.

Neither is in the data. The bound is wide for a workplace: what lies above it is no charging but a fault of the record.
Usage: places.py DATA_DIR, the folder with the CSV file, packed or not.
"""

import csv
import gzip
import json
import sys
from pathlib import Path

SINCE = "2014-01-01T00:00:00Z"
MAX_POWER_W = 25_000


def main() -> None:
    places: dict[str, set[str]] = {}
    for path in sorted(Path(sys.argv[1]).glob("*.csv*")):
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
            for row in csv.DictReader(lines):
                if row["stationId"]:
                    places.setdefault(row["locationId"], set()).add(row["stationId"])
    json.dump([location(name, stations) for name, stations in sorted(places.items())], sys.stdout, indent=1)


def location(name: str, stations: set[str]) -> dict[str, object]:
    connector = {"id": "1", "max_electric_power": MAX_POWER_W, "last_updated": SINCE}
    return {
        "country_code": "US", "party_id": "WRK", "id": name, "publish": False, "country": "USA", "time_zone": "UTC",
        "evses": [
            {"uid": station, "status": "UNKNOWN", "connectors": [connector], "last_updated": SINCE}
            for station in sorted(stations)
        ],
        "last_updated": SINCE,
    }  # fmt: skip


if __name__ == "__main__":
    main()
