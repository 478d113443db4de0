#!/bin/sh
# smoke_tests.sh URL: tries out what every deployment has to be able to do. Says each test; exits with 1 when one failed.
set -eu
url=$1 failed=0
ask() { curl --fail --silent --show-error --noproxy '*' --max-time 10 "$@"; }
check() {
  name=$1
  shift
  if "$@"; then echo "ok: $name"; else echo "FAILED: $name" >&2; failed=1; fi
}
is_healthy() { ask "$url/healthz" | grep -q '"ok"'; }
answers() { ask --output /dev/null "$url/"; }
says_its_version() { ask "$url/" | grep -q '"version"'; }
stands_ten_in_a_row() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do ask --output /dev/null "$url/" || return 1; done
}

check "the service is healthy" is_healthy
check "it answers" answers
check "it says its version" says_its_version
check "ten requests in a row are answered" stands_ten_in_a_row
exit "$failed"
