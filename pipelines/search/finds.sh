#!/bin/sh
# finds.sh URL QUERY: asks the search engine and fails (1) when it has no result for the query, (2) when it cannot ask.
set -eu
for tool in curl jq; do
  command -v "$tool" >/dev/null || { echo "finds.sh: $tool is not installed" >&2; exit 2; }
done
answer=$(curl --fail --silent --show-error --max-time 10 --get --data-urlencode "q=$2" "$1/search")
printf '%s' "$answer" | jq --exit-status '.results | length > 0' >/dev/null || {
  echo "no result for: $2" >&2
  exit 1
}
