#!/bin/sh
# health_check.sh URL: asks once and prints {"ok": 1} when the service says that it is well, {"ok": 0} when it
# does not or says nothing within five seconds. Exits with 2, which is no data, when it cannot ask at all.
set -eu
command -v curl >/dev/null || { echo "health_check.sh: curl is not installed" >&2; exit 2; }
if curl --fail --silent --noproxy '*' --max-time 5 --output /dev/null "$1"; then ok=1; else ok=0; fi
printf '{"ok": %d}\n' "$ok"
