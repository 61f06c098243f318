#!/usr/bin/env bash
# Google's official Gen AI SDK for Node, unmodified: only base URL and key are ours.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=3.1.0
folder=${STEELYARD_BUILD:-$here/../../build}/clients/gemini-node-$version
if [[ ! -f $folder/ready ]]; then
  mkdir -p "$folder"
  # The SDK wants a newer Node than some distributions have; npm carries one.
  wanted=("@google/genai@$version")
  if (($(node --version | sed 's/^v\([0-9]*\).*/\1/') < 22)); then wanted+=(node@22); fi
  (cd "$folder" && npm install --silent --no-audit --no-fund --no-save --prefix . "${wanted[@]}" >/dev/null)
  touch "$folder/ready"
fi
node=node
[[ -x $folder/node_modules/.bin/node ]] && node=$folder/node_modules/.bin/node
exec python3 "$here/../support/with_gemini.py" "$node" "$here/gemini_node_cases.mjs" "$folder"
