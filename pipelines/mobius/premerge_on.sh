#!/bin/sh
# premerge_on.sh PLATFORM: checks a change on one platform. `local` is this machine; `ubuntu`, `macos` and `windows` are
# runners of premerge-validation.yml, which this waits for. Exits with 1 when a check failed, with 2 when it cannot ask.
set -eu
platform=$1
if [ "$platform" = local ]; then
  for script in "$(dirname "$0")"/*.sh; do sh -n "$script"; done
  if [ -f package.json ]; then npm test; fi
  exit 0
fi
command -v gh >/dev/null || { echo "premerge_on.sh: gh is not installed, so $platform cannot be asked" >&2; exit 2; }
branch=$(git rev-parse --abbrev-ref HEAD)
gh workflow run premerge-validation.yml --ref "$branch" --field "os=$platform-latest"
sleep 5
run=$(gh run list --workflow premerge-validation.yml --branch "$branch" --limit 1 --json databaseId --jq '.[0].databaseId')
gh run watch "$run" --exit-status
