#!/usr/bin/env bash
# The report in a real browser. Makes a run of hostile texts and one of the bundled suite, writes their reports, and walks
# through them in headless Chromium. Needs Node.js; installs Chromium (Debian's package) and playwright-core where they
# are missing, and ends with 77 where they cannot be had. With SHOTS=FOLDER, screenshots of the bundled suite's report are written there.
#
#   tests/browser/run.sh            # everything
#   SHOTS=docs/shots tests/browser/run.sh
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

missing() { echo "skipped: $1 is missing, and cannot be installed here"; exit 77; }

command -v node >/dev/null || missing Node.js
chromium="$(command -v chromium || command -v chromium-browser || true)"
if [ -z "$chromium" ]; then
  { timeout 120 apt-get update -qq && timeout 300 apt-get install -qq -y chromium; } >/dev/null 2>&1 || missing Chromium
  chromium="$(command -v chromium)" || missing Chromium
fi
modules="${MODULES:-$work/modules}"
if [ ! -d "$modules/node_modules/axe-core" ]; then
  mkdir -p "$modules"
  (cd "$modules" && timeout 120 npm install --silent --no-fund --no-audit playwright-core@1 axe-core@4 >/dev/null 2>&1) || missing playwright-core
fi

mocktrial="${MOCKTRIAL:+$(realpath "$MOCKTRIAL")}"
if [ -z "$mocktrial" ]; then
  cargo build --release --locked --quiet --manifest-path "$root/Cargo.toml"
  mocktrial="$root/target/release/mocktrial"
fi

cp -r "$here/project" "$work/hostile"
node "$here/hostile.mjs" > "$work/hostile/scenarios/hostile/texts.jsonl" "$work/regressed.html" "$work/baseline.html" "$work/counts.html"
cp "$here/agent.mjs" "$work/hostile/"
(cd "$work/hostile" && "$mocktrial" run --quiet >/dev/null && "$mocktrial" report last --html "$work/hostile.html")
mkdir "$work/bundled"
cp -r "$root/mocktrial.toml" "$root/scenarios" "$work/bundled/"
(cd "$work/bundled" && "$mocktrial" run --quiet >/dev/null && "$mocktrial" report last --html "$work/bundled.html")

# Gates answer with other codes than 0: what is looked at is their page.
(
  cd "$work/bundled"
  "$mocktrial" gate --control qwen2.5-1.5b -e smollm2-135m --output "html=$work/regressed.html" >/dev/null || [ $? -eq 1 ]
  "$mocktrial" accept --why "the first run" >/dev/null
  first="$(ls .mocktrial/runs)"
  "$mocktrial" run -e qwen2.5-1.5b -t 4 --name again --quiet >/dev/null
  "$mocktrial" gate --output "html=$work/baseline.html" >/dev/null
  mv ".mocktrial/runs/$first" "$work/"
  "$mocktrial" gate --output "html=$work/counts.html" >/dev/null
)

MODULES="$modules" CHROMIUM="$chromium" SHOTS="${SHOTS:-}" node "$here/report.mjs" "$work/bundled.html" "$work/hostile.html" "$work/hostile/scenarios/hostile/texts.jsonl" "$work/regressed.html" "$work/baseline.html" "$work/counts.html"
