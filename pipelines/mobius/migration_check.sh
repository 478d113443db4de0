#!/bin/sh
# migration_check.sh CONFIG: looks at CONFIG/migrations/*.up.sql. Those not listed in CONFIG/migrations/applied are
# pending; a pending one without a .down.sql beside it cannot be taken back.
# Prints {"pending": N, "irreversible": N}.
set -eu
migrations=$1/migrations
pending=0 irreversible=0
for up in "$migrations"/*.up.sql; do
  [ -e "$up" ] || continue
  name=$(basename "$up" .up.sql)
  grep -qsx "$name" "$migrations/applied" && continue
  pending=$((pending + 1))
  echo "pending: $name" >&2
  [ -e "$migrations/$name.down.sql" ] && continue
  irreversible=$((irreversible + 1))
  echo "cannot be taken back: $name" >&2
done
printf '{"pending": %d, "irreversible": %d}\n' "$pending" "$irreversible"
