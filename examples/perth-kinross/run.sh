#!/bin/sh
# Runs these sessions end to end: run.sh DATA_DIR [HOME_DIR]. See README.md and ../settle.sh.
exec "$(dirname "$0")/../settle.sh" perth-kinross pkc example-emsp GB/PKC:EXAMPLE-PKC swap-day-month "$@"
