#!/bin/sh
# Runs the council's sessions end to end: run.sh DATA_DIR [HOME_DIR]
# DATA_DIR holds the CSV files as they are (.csv or .csv.gz); HOME_DIR is a new home, build/perth-kinross by default.
set -eu

if [ $# -lt 1 ] || [ ! -d "$1" ]; then
    echo "usage: run.sh DATA_DIR [HOME_DIR]   (DATA_DIR: folder with the CSV files, see README.md)" >&2
    exit 2
fi
example=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$example/../.." && pwd)
home=${2:-$root/build/perth-kinross}
bin=${EVSETTLE_BIN:-$root/.venv/bin}
proposer="Isla Fraser"
approver="Ewan Reid"

if [ -e "$home" ]; then
    echo "run.sh: $home is there already; remove it or name another home" >&2
    exit 2
fi
mkdir -p "$home/landing/pkc/cdrs" "$home/master/templates"
cp -R "$example/master/." "$home/master/"
cp -R "$example/landing/." "$home/landing/"
cp "$root/orchestration/defs/ingest/templates/eu-roaming.yaml" "$home/master/templates/"
for file in "$1"/*.csv "$1"/*.csv.gz; do
    if [ -f "$file" ]; then cp "$file" "$home/landing/pkc/cdrs/"; fi
done

decide() { # kind subject [--set key=value ...]: one person proposes, another one approves
    seq=$("$bin/evsettle" --home "$home" decide "$@" --by "$proposer" --json \
        | "$bin/python" -c 'import json, sys; print(json.load(sys.stdin)["seq"])')
    "$bin/evsettle" --home "$home" decide approve "$seq" --by "$approver"
}

echo "1. The files as they are: wrong dates are found, not billed"
"$bin/evsettle" --home "$home" run

echo "2. Two people approve the contract, the example tariff, and the repair of each file's dates"
body=$("$bin/python" -c 'import pathlib, sys
from orchestration.defs.ingest.tariff import parse_tariff
print(parse_tariff(pathlib.Path(sys.argv[1]).read_bytes()).body)' "$home/master/tariffs/EXAMPLE-PKC.json")
decide terms partner:example-emsp
decide tariff tariff:GB/PKC:EXAMPLE-PKC --set "body=$body"
for file in "$home"/landing/pkc/cdrs/*; do
    decide repair "file:pkc/cdrs/$(basename "$file")" --set repair=swap-day-month --reason ADJ_ZONE
done

echo "3. The same bytes, read with the approved repair"
"$bin/evsettle" --home "$home" run
