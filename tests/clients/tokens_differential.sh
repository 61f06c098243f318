#!/usr/bin/env bash
# Counts generated text with `steelyard tokens` and with the reference tokenizer, which is installed
# into a temporary folder. Any difference fails.
# usage: tokens_differential.sh STEELYARD [MEGABYTES] [SEED]     (defaults: 6 MB, seed 1)
set -euo pipefail
steelyard=$(realpath "${1:-${STEELYARD:-build/release/steelyard}}")
megabytes=${2:-6}
seed=${3:-1}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$here/tokens_differential.cjs" "$folder/"
cd "$folder"
npm install --silent --no-audit --no-fund --no-save tiktoken@1.0.22 >/dev/null
mkdir texts
node tokens_differential.cjs make texts "$megabytes" "$seed"
"$steelyard" tokens --json texts/* >found.jsonl
node tokens_differential.cjs compare found.jsonl
