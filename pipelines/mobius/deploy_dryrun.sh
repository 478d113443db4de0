#!/bin/sh
# deploy_dryrun.sh CONFIG VERSION: says what deploy.sh would do, and changes nothing.
# Prints {"problems": N, "changed_files": N}; each problem is a line on standard error.
set -eu
config=$1 version=$2
problems=0 changed=0
problem() { echo "problem: $1" >&2; problems=$((problems + 1)); }

[ -d "$config" ] || problem "there is no folder $config"
[ -w "$config" ] || problem "$config cannot be written"
[ -f "$config/release.json" ] || problem "$config/release.json is missing"
case $version in
  [0-9]*.[0-9]*.[0-9]*) ;;
  *) problem "$version is no version like 2.4.0" ;;
esac
grep -qs "\"release\": \"$version\"" "$config/release.json" || changed=1
printf '{"problems": %d, "changed_files": %d}\n' "$problems" "$changed"
