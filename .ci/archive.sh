#!/usr/bin/env bash
# Packs a program that is built already: with its completions, manual pages, licence, readme and changes, and the sum of it all.
#
#   .ci/archive.sh TARGET PROGRAM [OUT]
#
# TARGET is the triple in the name of the archive; PROGRAM has to run here, for it makes its own completions and pages. The
# archive and its sum go into OUT (`target/dist`), the files that a package takes into OUT/stage. The same program gives the
# same bytes, where tar is GNU's.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:?the target}
program=${2:?the program}
out=${3:-target/dist}
version="$("$program" --version | sed 's/^phasegate //')"
name="phasegate-$version-$target"
stage="$out/stage"

rm -rf "$stage"
mkdir -p "$stage/complete" "$stage/man"
case "$target" in
  *windows*) binary=phasegate.exe ;;
  *) binary=phasegate ;;
esac
cp "$program" "$stage/$binary"
cp README.md LICENSE CHANGELOG.md "$stage"
"$program" completions bash >"$stage/complete/phasegate.bash"
"$program" completions zsh >"$stage/complete/_phasegate"
"$program" completions fish >"$stage/complete/phasegate.fish"
"$program" completions elvish >"$stage/complete/phasegate.elv"
"$program" completions powershell >"$stage/complete/_phasegate.ps1"
"$program" man --out "$stage/man/man1" >/dev/null

rm -rf "${out:?}/$name"
cp -R "$stage" "$out/$name"
case "$target" in
  *windows*)
    archive="$name.zip"
    rm -f "$out/$archive"
    if command -v 7z >/dev/null; then
      (cd "$out" && 7z a -bso0 "$archive" "$name")
    else
      (cd "$out" && zip -q -r "$archive" "$name")
    fi
    ;;
  *)
    archive="$name.tar.gz"
    steady=()
    if tar --version | grep -q GNU; then
      steady=(--sort=name --owner=0 --group=0 --numeric-owner "--mtime=@${SOURCE_DATE_EPOCH:-0}")
    fi
    (cd "$out" && tar ${steady[@]+"${steady[@]}"} -cf - "$name" | gzip -9n >"$archive")
    ;;
esac
rm -rf "${out:?}/$name"

if command -v sha256sum >/dev/null; then
  (cd "$out" && sha256sum "$archive" >"$archive.sha256")
else
  (cd "$out" && shasum -a 256 "$archive" >"$archive.sha256")
fi
printf '%s\n' "$out/$archive"
