#!/usr/bin/env bash
# Plans the pipelines, compares them with the base, and writes a page about it.
#
#   PATHS         files and folders, one a line
#   PLANS         what is planned, one a line, with options of `phasegate plan`; empty: everything under PATHS
#   BASE          the revision to compare with; empty: none
#   DENY_RISKIER  `true` fails when a plan guards less than before
#
# Outputs: `body`, the file with the page, and `riskier`, how many plans guard less.
# Backticks are Markdown here.
# shellcheck disable=SC2016
set -uo pipefail

marker='<!-- phasegate:plan -->'
folder="$(mktemp -d "${RUNNER_TEMP:-/tmp}/phasegate.XXXXXX")"
body="$folder/comment.md"
# What a comment on GitHub holds, with room for what stands around the plans.
room=62000

out() { [ -z "${GITHUB_OUTPUT:-}" ] || printf '%s\n' "$1" >>"$GITHUB_OUTPUT"; }

programs() {
  local path
  while IFS= read -r path; do
    [ -n "$path" ] || continue
    if [ -d "$path" ]; then
      # Only what belongs to the repository, sorted.
      git ls-files -z -- "$path" | tr '\0' '\n' | grep '\.deploy$'
    else
      printf '%s\n' "$path"
    fi
  done <<<"${PATHS:-.}" | LC_ALL=C sort -u
}

# declared WORD FILE: names that stand behind WORD at the beginning of a line.
declared() { sed -n "s/^$1 \\([A-Za-z_][A-Za-z0-9_]*\\).*/\\1/p" "$2"; }

# One plan a line, as options of `phasegate plan`.
everything() {
  local file pipeline environment environments
  while IFS= read -r file; do
    case "$file" in *[[:space:]]*) continue ;; esac
    environments="$(declared environment "$file")"
    while IFS= read -r pipeline; do
      [ -n "$pipeline" ] || continue
      if [ -z "$environments" ]; then
        printf '%s:%s\n' "$file" "$pipeline"
      else
        while IFS= read -r environment; do
          printf '%s:%s --env %s\n' "$file" "$pipeline" "$environment"
        done <<<"$environments"
      fi
    done < <(declared pipeline "$file")
  done < <(programs)
}

against=()
if [ -n "${BASE:-}" ]; then
  git cat-file -e "$BASE^{commit}" 2>/dev/null || git fetch --quiet --no-tags --depth=1 origin "$BASE" 2>/dev/null
  if git cat-file -e "$BASE^{commit}" 2>/dev/null; then
    against=(--against "$BASE")
  else
    echo "::warning::the base \`$BASE\` cannot be fetched, so plans are not compared: check out with \`fetch-depth: 0\`"
  fi
fi

plans=()
while IFS= read -r line; do
  [ -n "${line//[[:space:]]/}" ] && plans+=("$line")
done <<<"${PLANS:-$(everything)}"

count=${#plans[@]}
limit=$((room / (count > 0 ? count : 1)))
[ "$limit" -ge 1500 ] || limit=1500
riskier=0
failed=0
same=""
printf '%s\n' "$marker" >"$body"
for line in ${plans[@]+"${plans[@]}"}; do
  read -ra words <<<"$line"
  page="$folder/page.md"
  said="$folder/said"
  deny=()
  [ "${#against[@]}" -gt 0 ] && deny=(--deny riskier)
  phasegate plan "${words[@]}" ${against[@]+"${against[@]}"} ${deny[@]+"${deny[@]}"} --format markdown --limit "$limit" >"$page" 2>"$said"
  status=$?
  if [ -s "$page" ]; then
    [ "$status" = 0 ] || riskier=$((riskier + 1))
    if grep -q '^Nothing changes\.$' "$page"; then
      same+="- \`${line//\`/}\`"$'\n'
    else
      cat "$page" >>"$body"
      printf '\n' >>"$body"
    fi
  else
    failed=1
    {
      printf '### No plan of `%s`\n\n```text\n' "${line//\`/}"
      head -c 1200 "$said" | tr -d '`'
      printf '\n```\n\n'
    } >>"$body"
    cat "$said" >&2
  fi
done

if [ -n "$same" ]; then
  printf '<details><summary>Nothing changes in</summary>\n\n%s\n</details>\n' "$same" >>"$body"
fi
if [ "${#against[@]}" -gt 0 ]; then
  gone="$(git diff --name-only --diff-filter=D "$BASE" -- '*.deploy' | tr -d '`')"
  if [ -n "$gone" ]; then
    printf '\nNo longer there:\n\n' >>"$body"
    while IFS= read -r name; do printf -- '- `%s`\n' "$name" >>"$body"; done <<<"$gone"
  fi
fi
# Many plans may be too long together.
if [ "$(wc -c <"$body")" -gt 65000 ]; then
  head -c 64000 "$body" | sed '$d' >"$folder/short.md"
  printf '\n\n…\n\nToo long for a comment: the rest is in the summary of the job.\n' >>"$folder/short.md"
  [ -z "${GITHUB_STEP_SUMMARY:-}" ] || cat "$body" >>"$GITHUB_STEP_SUMMARY"
  body="$folder/short.md"
elif [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  cat "$body" >>"$GITHUB_STEP_SUMMARY"
fi

out "body=$body"
out "riskier=$riskier"
if [ "${DENY_RISKIER:-false}" = true ] && [ "$riskier" -gt 0 ]; then
  echo "::error::$riskier of the plans guard less than before"
  failed=1
fi
exit "$failed"
