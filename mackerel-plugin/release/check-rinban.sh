#!/bin/sh
# check-rinban is mackerel-plugin-rinban in its role as a check. One program of megabytes is enough for both names.
program=${0%/*}/mackerel-plugin-rinban
if [ ! -x "$program" ]; then
  echo "Rinban UNKNOWN: $program is missing; install both files of the archive into one directory"
  exit 3
fi
exec "$program" check "$@"
