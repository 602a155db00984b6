#!/bin/sh
# Runs an example end to end: settle.sh EXAMPLE SOURCE PARTNER TARIFF REPAIR DATA_DIR [HOME_DIR]
# DATA_DIR holds the CSV files as they are (.csv or .csv.gz); HOME_DIR is a new home, build/EXAMPLE by default.
# TARIFF is PARTY:ID; REPAIR the repair that two people approve for each file after the first run.
set -eu

name=$1 source=$2 partner=$3 tariff=$4 repair=$5
if [ $# -lt 6 ] || [ ! -d "$6" ]; then
    echo "usage: run.sh DATA_DIR [HOME_DIR]   (DATA_DIR: folder with the CSV files, see README.md)" >&2
    exit 2
fi
root=$(cd "$(dirname "$0")/.." && pwd)
example=$root/examples/$name
home=${7:-$root/build/$name}
bin=${EVSETTLE_BIN:-$root/.venv/bin}
# The invented people of the examples: one proposes, an approver approves.
proposer="Isla Fraser"
approver="Ewan Reid"

if [ -e "$home" ]; then
    echo "run.sh: $home is there already; remove it or name another home" >&2
    exit 2
fi
mkdir -p "$home/landing/$source/cdrs" "$home/master/templates"
cp -R "$example/master/." "$home/master/"
if [ -d "$example/landing" ]; then cp -R "$example/landing/." "$home/landing/"; fi
cp "$root/orchestration/defs/ingest/templates/eu-roaming.yaml" "$home/master/templates/"
# What an example declares about its places from the data itself.
if [ -f "$example/places.py" ]; then
    mkdir -p "$home/landing/own/locations"
    "$bin/python" "$example/places.py" "$6" > "$home/landing/own/locations/places.json"
fi
for file in "$6"/*.csv "$6"/*.csv.gz; do
    case $(basename "$file") in *dictionary*) continue ;; esac
    if [ -f "$file" ]; then cp "$file" "$home/landing/$source/cdrs/"; fi
done

decide() { # kind subject [--set key=value ...]: one person proposes, another one approves
    seq=$("$bin/evsettle" --home "$home" decide "$@" --by "$proposer" --json \
        | "$bin/python" -c 'import json, sys; print(json.load(sys.stdin)["seq"])')
    "$bin/evsettle" --home "$home" decide approve "$seq" --by "$approver"
}

echo "1. The files as they are: wrong dates are found, not billed"
"$bin/evsettle" --home "$home" run

echo "2. Two people approve the contract, the example tariff, and the repair of each file's times"
body=$("$bin/python" -c 'import pathlib, sys
from orchestration.defs.ingest.tariff import parse_tariff
print(parse_tariff(pathlib.Path(sys.argv[1]).read_bytes()).body)' "$home/master/tariffs/${tariff##*:}.json")
decide terms "partner:$partner"
decide tariff "tariff:$tariff" --set "body=$body"
for file in "$home/landing/$source"/cdrs/*; do
    decide repair "file:$source/cdrs/$(basename "$file")" --set "repair=$repair" --reason ADJ_ZONE
done

echo "3. The same bytes, read with the approved repair"
"$bin/evsettle" --home "$home" run
