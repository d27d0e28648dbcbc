#!/usr/bin/env bash
# Puts a file as a comment on a pull request, in place of the one that began with the same line.
#
# usage: comment.sh FILE
# GITHUB_TOKEN, GITHUB_REPOSITORY, PULL_REQUEST: where to. COMMENT_AUTHOR: whose comments may be replaced
# [github-actions[bot]]. HEAD_REPOSITORY: where the change comes from; from a fork nothing can be written.
# GITHUB_API_URL: the API [https://api.github.com].
set -euo pipefail

file="$1"
author="${COMMENT_AUTHOR:-github-actions[bot]}"
api="${GITHUB_API_URL:-https://api.github.com}/repos/${GITHUB_REPOSITORY:?}"
answer="$(mktemp)"
body="$(mktemp)"
trap 'rm -f "$answer" "$body"' EXIT

skip() {
  printf '::notice title=mocktrial::No comment: %s The summary of this job says the same.\n' "$1"
  exit 0
}

if [ ! -s "$file" ]; then skip "there is no report."; fi
if [[ ! "${PULL_REQUEST:?}" =~ ^[0-9]+$ ]]; then
  echo "PULL_REQUEST is no number" >&2
  exit 2
fi
if [ -n "${HEAD_REPOSITORY:-}" ] && [ "$HEAD_REPOSITORY" != "$GITHUB_REPOSITORY" ]; then
  skip "this change comes from a fork, whose token may not write."
fi
marker="$(head -n 1 "$file")"
if [[ "$marker" != '<!-- mocktrial: '*' -->' ]]; then
  echo "the first line of $file is no marker" >&2
  exit 2
fi

# The token stands in no argument, where other processes could read it.
call() {
  curl --silent --show-error --max-time 60 --output "$answer" --write-out '%{http_code}' \
    --config <(printf 'header = "authorization: Bearer %s"\n' "${GITHUB_TOKEN:?}") \
    --header 'accept: application/vnd.github+json' --header 'x-github-api-version: 2022-11-28' "$@"
}

check() {
  case "$1" in
    2*) ;;
    403 | 404) skip "the token may not $2 (HTTP $1); that needs \`pull-requests: write\`." ;;
    *)
      printf 'HTTP %s: could not %s\n' "$1" "$2" >&2
      exit 1
      ;;
  esac
}

id=""
page=1
while [ -z "$id" ]; do
  check "$(call --retry 3 "$api/issues/$PULL_REQUEST/comments?per_page=100&page=$page")" "read comments"
  id="$(jq -r --arg author "$author" --arg marker "$marker" \
    '[.[] | select(.user.login == $author and ((.body // "") | split("\n")[0] | rtrimstr("\r")) == $marker) | .id][0] // empty' \
    "$answer")"
  if [ "$(jq length "$answer")" -lt 100 ]; then break; fi
  page=$((page + 1))
done

jq -n --rawfile body "$file" '{body: $body}' >"$body"
if [ -n "$id" ]; then
  check "$(call --request PATCH --header 'content-type: application/json' --data-binary "@$body" \
    "$api/issues/comments/$id")" "change its comment"
  echo "changed comment $id"
else
  check "$(call --request POST --header 'content-type: application/json' --data-binary "@$body" \
    "$api/issues/$PULL_REQUEST/comments")" "comment"
  echo "commented"
fi
