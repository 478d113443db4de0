#!/bin/sh
# premerge_on.sh PLATFORM: checks a change on one platform. `local` is this machine; `ubuntu`, `macos` and `windows` are
# runners of premerge-validation.yml, which takes the inputs `os` and `ticket` and has the ticket as its run-name; this
# waits for its own run. Exits with 1 when a check failed, with 2 when it cannot ask.
set -eu
platform=$1
if [ "$platform" = local ]; then
  for script in "$(dirname "$0")"/*.sh; do sh -n "$script"; done
  if [ -f package.json ]; then npm test; fi
  exit 0
fi
command -v gh >/dev/null || { echo "premerge_on.sh: gh is not installed, so $platform cannot be asked" >&2; exit 2; }
branch=$(git rev-parse --abbrev-ref HEAD)
# Several platforms are asked side by side: each waits for its own run, which is called after its ticket.
ticket=$platform-$(date +%s)-$$
gh workflow run premerge-validation.yml --ref "$branch" --field "os=$platform-latest" --field "ticket=$ticket"
run='' tries=0
while [ -z "$run" ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 24 ]; then
    echo "premerge_on.sh: no run of premerge-validation.yml is called $ticket: it needs 'run-name: \${{ inputs.ticket }}'" >&2
    exit 2
  fi
  sleep "${PREMERGE_PAUSE:-5}"
  run=$(gh run list --workflow premerge-validation.yml --branch "$branch" --limit 50 \
    --json databaseId,displayTitle --jq ".[] | select(.displayTitle == \"$ticket\") | .databaseId")
done
gh run watch "$run" --exit-status
