#!/usr/bin/env bash
# Makes `phasegate` available to the steps that follow.
#
#   VERSION  what cargo installs; empty: the program on the PATH, else the one that this action is part of
#   ACTION   the folder of the action
set -euo pipefail

if [ -n "${VERSION:-}" ]; then
  case "$VERSION" in
    *[!0-9A-Za-z.+-]* | -*)
      echo "::error::\`version\` is no version"
      exit 2
      ;;
  esac
  cargo install --locked phasegate --version "$VERSION"
elif ! command -v phasegate >/dev/null; then
  cargo install --locked --path "$ACTION"
fi
if [ -n "${CARGO_HOME:-}" ]; then
  folder="$CARGO_HOME/bin"
else
  folder="$HOME/.cargo/bin"
fi
if [ -n "${GITHUB_PATH:-}" ] && [ -d "$folder" ]; then
  printf '%s\n' "$folder" >>"$GITHUB_PATH"
  PATH="$folder:$PATH"
fi
phasegate --version
