#!/bin/sh
# Runs these sessions end to end: run.sh DATA_DIR [HOME_DIR]. See README.md and ../settle.sh.
exec "$(dirname "$0")/../settle.sh" harvard workplace example-employer US/WRK:FREE-4H add-2000-years "$@"
