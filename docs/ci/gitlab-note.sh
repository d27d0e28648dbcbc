#!/usr/bin/env bash
# Puts a file as a note on a merge request, in place of the one that began with the same line.
#
# usage: gitlab-note.sh FILE
# GITLAB_TOKEN: a project access token with the scope `api`; a job's own token cannot write notes.
# CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID: set by GitLab in a pipeline of a merge request.
set -euo pipefail

file="$1"
if [ ! -s "$file" ]; then
  echo "no note: there is no report"
  exit 0
fi
# A pipeline of a fork has no token of this project.
if [ -z "${GITLAB_TOKEN:-}" ]; then
  echo "no note: GITLAB_TOKEN is not set"
  exit 0
fi
marker="$(head -n 1 "$file")"
if [[ "$marker" != '<!-- mocktrial: '*' -->' ]]; then
  echo "the first line of $file is no marker" >&2
  exit 2
fi
notes="${CI_API_V4_URL:?}/projects/${CI_PROJECT_ID:?}/merge_requests/${CI_MERGE_REQUEST_IID:?}/notes"
answer="$(mktemp)"
body="$(mktemp)"
trap 'rm -f "$answer" "$body"' EXIT

# The token stands in no argument, where other processes could read it.
call() {
  local code
  code="$(curl --silent --show-error --max-time 60 --output "$answer" --write-out '%{http_code}' \
    --config <(printf 'header = "private-token: %s"\n' "$GITLAB_TOKEN") "$@")"
  if [[ "$code" != 2* ]]; then
    printf 'HTTP %s\n' "$code" >&2
    exit 1
  fi
}

call --retry 3 "$CI_API_V4_URL/user"
me="$(jq .id "$answer")"
id=""
page=1
while [ -z "$id" ]; do
  call --retry 3 "$notes?per_page=100&page=$page"
  id="$(jq -r --argjson me "$me" --arg marker "$marker" \
    '[.[] | select(.author.id == $me and ((.body // "") | split("\n")[0] | rtrimstr("\r")) == $marker) | .id][0] // empty' \
    "$answer")"
  if [ "$(jq length "$answer")" -lt 100 ]; then break; fi
  page=$((page + 1))
done

jq -n --rawfile body "$file" '{body: $body}' >"$body"
if [ -n "$id" ]; then
  call --request PUT --header 'content-type: application/json' --data-binary "@$body" "$notes/$id"
  echo "changed note $id"
else
  call --request POST --header 'content-type: application/json' --data-binary "@$body" "$notes"
  echo "noted"
fi
