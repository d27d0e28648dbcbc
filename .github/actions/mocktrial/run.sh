#!/usr/bin/env bash
# Runs a suite, gates the run, and writes every report; the exit code becomes an output, for later steps still have work to do.
#
# MOCKTRIAL: the command. WORKING_DIRECTORY: the project. RUN, GATE, GATE_ARGUMENTS: as the action's inputs say.
set -euo pipefail

report="${RUNNER_TEMP:?}/mocktrial-report"
rm -rf "$report"
mkdir -p "$report"
cd "${WORKING_DIRECTORY:-.}"

outputs=(
  --output "html=$report/report.html"
  --output "junit=$report/junit.xml"
  --output "comment=$report/comment.md"
  --output "annotations=$report/annotations.txt"
  --output "step-summary=${GITHUB_STEP_SUMMARY:?}"
)
# Words, and no shell: nothing in them is expanded or run.
read -r -a run <<<"${RUN:-}"
read -r -a gate <<<"${GATE_ARGUMENTS:-}"

# What models wrote goes to the log in places: until the token comes, the runner takes nothing in it for a command.
token="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
printf '::stop-commands::%s\n' "$token"
code=0
if [ "${GATE:-true}" = true ]; then
  if [ "${#run[@]}" -gt 0 ]; then
    "$MOCKTRIAL" run "${run[@]}" || code=$?
  fi
  if [ "$code" -eq 0 ]; then
    "$MOCKTRIAL" gate "${gate[@]}" "${outputs[@]}" || code=$?
  elif [ "$code" -ne 2 ]; then
    # What there is of the run is worth a look, though it cannot be gated.
    "$MOCKTRIAL" report last "${outputs[@]}" || true
  fi
elif [ "${#run[@]}" -gt 0 ]; then
  "$MOCKTRIAL" run "${run[@]}" "${outputs[@]}" || code=$?
else
  "$MOCKTRIAL" report last "${outputs[@]}" || code=$?
fi
printf '\n::%s::\n' "$token"

if [ -s "$report/annotations.txt" ]; then
  # Files are named from the project; GitHub wants them from the repository.
  prefix="$(git rev-parse --show-prefix 2>/dev/null || true)"
  FILE_PREFIX="$prefix" awk '{
    if (match($0, /^::[a-z]+ file=/)) $0 = substr($0, 1, RLENGTH) ENVIRON["FILE_PREFIX"] substr($0, RLENGTH + 1)
    print
  }' "$report/annotations.txt"
fi
# The run itself goes with its reports: it is what can be accepted, compared and asked again. Names begin with a date.
newest=""
for file in .mocktrial/runs/*.sqlite; do
  if [ -f "$file" ]; then newest="$file"; fi
done
if [ -n "$newest" ]; then cp "$newest" "$report/"; fi
{
  printf 'exit-code=%s\n' "$code"
  printf 'report=%s\n' "$report"
} >>"${GITHUB_OUTPUT:?}"
