#!/usr/bin/env bash
# What a paper takes in, compiled by a real LaTeX: of a run of hostile texts, and of the bundled suite (also as a gate). Fails
# where LaTeX has an error, a reference is undefined, or a line is too wide. Needs Node.js for the hostile agent, and pdflatex
# with latexmk and poppler; ends with 77 where they cannot be had. With KEEP=FOLDER the documents are kept there.
#
#   tests/paper/run.sh
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

missing() { echo "skipped: $1 is missing, and cannot be installed here"; exit 77; }

command -v node >/dev/null || missing Node.js
if ! command -v latexmk >/dev/null || ! command -v pdflatex >/dev/null; then
  { timeout 120 apt-get update -qq && timeout 900 apt-get install -qq -y --no-install-recommends latexmk \
    texlive-latex-base texlive-latex-recommended; } >/dev/null 2>&1 || missing LaTeX
fi

mocktrial="${MOCKTRIAL:+$(realpath "$MOCKTRIAL")}"
if [ -z "$mocktrial" ]; then
  cargo build --release --locked --quiet --manifest-path "$root/Cargo.toml"
  mocktrial="$root/target/release/mocktrial"
fi

compile() {
  (cd "$1" && timeout 300 latexmk -pdf -interaction=nonstopmode -halt-on-error paper.tex >latexmk.log 2>&1) ||
    { grep -A3 '^!' "$1/paper.log" || tail -20 "$1/latexmk.log"; echo "$2: LaTeX failed"; exit 1; }
  if grep -E 'undefined|multiply defined|Overfull \\hbox \(([2-9][0-9]|[0-9]{3,})' "$1/paper.log"; then
    echo "$2: the document is not clean"
    exit 1
  fi
  # LaTeX reads nothing but the pieces and its own files.
  if grep -aoE '\(/[^ )]*' "$1/paper.log" | grep -vE '/texmf|/texlive'; then
    echo "$2: something else was read"
    exit 1
  fi
  echo "$2: $(grep -aoE 'Output written on .*' "$1/paper.log" | tail -1)"
  if [ -n "${KEEP:-}" ]; then mkdir -p "$KEEP" && cp -r "$1" "$KEEP/$2"; fi
}

cp -r "$root/tests/browser/project" "$work/hostile"
node "$root/tests/browser/hostile.mjs" >"$work/hostile/scenarios/hostile/texts.jsonl"
cp "$root/tests/browser/agent.mjs" "$work/hostile/"
(cd "$work/hostile" && "$mocktrial" run --quiet >/dev/null && "$mocktrial" report last --quiet -o paper=out)
compile "$work/hostile/out" hostile
mkdir "$work/bundled"
cp -r "$root/mocktrial.toml" "$root/scenarios" "$work/bundled/"
cd "$work/bundled"
"$mocktrial" run --quiet >/dev/null
"$mocktrial" report last --quiet -o paper=out
compile "$work/bundled/out" bundled
"$mocktrial" gate -e smollm2-135m --control qwen2.5-1.5b --quiet -o paper=gate >/dev/null || true
compile "$work/bundled/gate" gate
