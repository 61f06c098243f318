#!/usr/bin/env bash
# The official Anthropic SDK for TypeScript, unmodified: only base URL and key are ours.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=1.12.0
folder=${STEELYARD_BUILD:-$here/../../build}/clients/anthropic-node-$version
if [[ ! -f $folder/ready ]]; then
  mkdir -p "$folder"
  (cd "$folder" && npm install --silent --no-audit --no-fund --no-save --prefix . "@anthropic-ai/sdk@$version" >/dev/null)
  touch "$folder/ready"
fi
# The SDK wants a newer Node than some distributions have; npm carries one.
node=node
if (($(node --version | sed 's/^v\([0-9]*\).*/\1/') < 20)); then
  [[ -x $folder/node_modules/.bin/node ]] || (cd "$folder" && npm install --silent --no-audit --no-fund --no-save --prefix . node@22 "@anthropic-ai/sdk@$version" >/dev/null)
  node=$folder/node_modules/.bin/node
fi
exec python3 "$here/../support/with_gateway.py" "$node" "$here/anthropic_node_cases.mjs" "$folder"
