#!/bin/sh
# audit.sh: looks for dependencies with known weaknesses, with the tool of each lock file that is there.
# Exits with 1 when there are any, with 2 when a tool is missing.
set -eu
need() { command -v "$1" >/dev/null || { echo "audit.sh: $2 is here, but $1 is not installed" >&2; exit 2; }; }
found=no
if [ -f package-lock.json ]; then
  found=yes
  need npm package-lock.json
  npm audit --audit-level=high
fi
if [ -f Cargo.lock ]; then
  found=yes
  need cargo-audit Cargo.lock
  cargo audit
fi
[ "$found" = yes ] || echo "no lock file here: nothing to audit"
