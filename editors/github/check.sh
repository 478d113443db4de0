#!/usr/bin/env bash
# Checks, formats and tests the pipelines; findings become annotations. All of it is done before it fails.
#
#   PATHS          files and folders, one a line
#   TEST           `true` runs the tests
#   SARIF          `true` writes the findings for code scanning; the file is the output `sarif`
#   DENY_WARNINGS  `true` fails on a warning
# Backticks are Markdown here.
# shellcheck disable=SC2016
set -uo pipefail

paths=()
while IFS= read -r line; do
  # What begins with a dash is a path all the same.
  [ -n "$line" ] && paths+=("$line")
done <<<"${PATHS:-.}"
# `fmt` takes no empty list for everything.
[ "${#paths[@]}" -gt 0 ] || paths=(.)

out() { [ -z "${GITHUB_OUTPUT:-}" ] || printf '%s\n' "$1" >>"$GITHUB_OUTPUT"; }
out "installed=true"

deny=()
[ "${DENY_WARNINGS:-false}" = true ] && deny=(--deny warnings)
failed=0

phasegate check --format github ${deny[@]+"${deny[@]}"} -- "${paths[@]}" || failed=1

if [ "${SARIF:-false}" = true ]; then
  file="${RUNNER_TEMP:-/tmp}/phasegate.sarif"
  phasegate check --format sarif -- "${paths[@]}" >"$file"
  [ -s "$file" ] && out "sarif=$file"
fi

# Names alone, one a line; a name may hold what would end an annotation.
unformatted="$(phasegate fmt --check -- "${paths[@]}" 2>/dev/null)"
status=$?
while IFS= read -r name; do
  [ -n "$name" ] || continue
  name="${name//'%'/'%25'}"
  name="${name//':'/'%3A'}"
  name="${name//','/'%2C'}"
  printf '::error file=%s,title=phasegate fmt::this file is not formatted: run `phasegate fmt`\n' "$name"
done <<<"$unformatted"
[ "$status" = 0 ] || failed=1

if [ "${TEST:-true}" = true ]; then
  phasegate test -- "${paths[@]}" || failed=1
fi
exit "$failed"
