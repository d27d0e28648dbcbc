#!/usr/bin/env bash
# The report in a real browser. Makes a run of hostile texts and one of the bundled suite, writes their reports, and walks
# through them in headless Chromium. Needs Node.js; installs Chromium (Debian's package) and playwright-core where they
# are missing. With SHOTS=FOLDER, screenshots of the bundled suite's report are written there.
#
#   tests/browser/run.sh            # everything
#   SHOTS=docs/shots tests/browser/run.sh
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

chromium="$(command -v chromium || command -v chromium-browser || true)"
if [ -z "$chromium" ]; then
  apt-get update -qq && apt-get install -qq -y chromium >/dev/null
  chromium="$(command -v chromium)"
fi
modules="${MODULES:-$work/modules}"
if [ ! -d "$modules/node_modules/axe-core" ]; then
  mkdir -p "$modules"
  (cd "$modules" && npm install --silent --no-fund --no-audit playwright-core@1 axe-core@4 >/dev/null)
fi

mocktrial="${MOCKTRIAL:-}"
if [ -z "$mocktrial" ]; then
  cargo build --release --locked --quiet --manifest-path "$root/Cargo.toml"
  mocktrial="$root/target/release/mocktrial"
fi

cp -r "$here/project" "$work/hostile"
node "$here/hostile.mjs" > "$work/hostile/scenarios/hostile/texts.jsonl"
cp "$here/agent.mjs" "$work/hostile/"
(cd "$work/hostile" && "$mocktrial" run --quiet >/dev/null && "$mocktrial" report last --html "$work/hostile.html")
mkdir "$work/bundled"
cp -r "$root/mocktrial.toml" "$root/scenarios" "$work/bundled/"
(cd "$work/bundled" && "$mocktrial" run --quiet >/dev/null && "$mocktrial" report last --html "$work/bundled.html")

MODULES="$modules" CHROMIUM="$chromium" SHOTS="${SHOTS:-}" node "$here/report.mjs" "$work/bundled.html" "$work/hostile.html" "$work/hostile/scenarios/hostile/texts.jsonl"
