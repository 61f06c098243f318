#!/usr/bin/env bash
# `responses` of the official OpenAI SDK for Node, unmodified, before a provider of each dialect.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=7.57.0
folder=${STEELYARD_BUILD:-$here/../../build}/clients/openai-node-$version
# The same installation as openai_node.sh's.
if [[ ! -f $folder/ready ]]; then
  mkdir -p "$folder"
  (cd "$folder" && npm install --silent --no-audit --no-fund --no-save --prefix . "openai@$version" >/dev/null)
  touch "$folder/ready"
fi
node=node
if (($(node --version | sed 's/^v\([0-9]*\).*/\1/') < 20)); then
  [[ -x $folder/node_modules/.bin/node ]] || (cd "$folder" && npm install --silent --no-audit --no-fund --no-save --prefix . node@22 "openai@$version" >/dev/null)
  node=$folder/node_modules/.bin/node
fi
passed=0 failed=0
for dialect in openai anthropic responses; do
  said=$(PROVIDER=$dialect python3 "$here/../support/with_gateway.py" "$node" "$here/openai_node_responses_cases.mjs" "$folder" 2>&1) || true
  printf '%s\n' "$said"
  if [[ $said =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
  else
    failed=$((failed + 1))
  fi
done
echo "$passed passed, $failed failed"
((failed == 0))
