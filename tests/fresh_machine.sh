#!/usr/bin/env bash
# The promise of `./dev`, tried: a bare Debian 12 in a folder, this commit's files, one word. Needs root, debootstrap, the
# network and about 6 GB. Not part of `./dev test`: it takes as long as a clean build.
#   tests/fresh_machine.sh test            runs ./dev test there
#   tests/fresh_machine.sh run             starts ./dev run there, asks it one question, stops it
# FRESH_SUITE (bookworm; noble for Ubuntu 24.04), FRESH_MIRROR and FRESH_FOLDER (kept if given) change where and what.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

word=${1:-test}
suite=${FRESH_SUITE:-bookworm}
[[ $word == test || $word == run ]] || { echo "fresh_machine.sh test|run" >&2; exit 2; }
[[ $(id -u) == 0 ]] || { echo "fresh_machine.sh: must be root" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "fresh_machine.sh: needs debootstrap" >&2; exit 2; }

machine=${FRESH_FOLDER:-$(mktemp -d)}
gateway=
clean_up() {
  # The shell that ran inside() has the gateway as its child.
  if [[ -n $gateway ]]; then pkill -TERM -P "$gateway" || true; kill "$gateway" 2>/dev/null || true; wait "$gateway" 2>/dev/null || true; fi
  local at
  for at in dev/shm dev/pts dev proc sys; do
    if mountpoint -q "$machine/$at"; then umount -l "$machine/$at"; fi
  done
  # Never across a mount that would not go.
  if [[ -z ${FRESH_FOLDER:-} ]]; then rm -rf --one-file-system "$machine"; fi
}
trap clean_up EXIT

if [[ ! -x $machine/bin/bash ]]; then
  debootstrap --variant=minbase "$suite" "$machine" ${FRESH_MIRROR:+"$FRESH_MIRROR"} >"$machine.log" 2>&1 ||
    { tail -20 "$machine.log" >&2; exit 1; }
fi
# Names, certificates and proxies of this machine, so that the package manager works the same way.
cp -L /etc/resolv.conf "$machine/etc/resolv.conf"
for at in /etc/apt/apt.conf.d /etc/apt/sources.list.d /usr/local/share/ca-certificates; do
  if [[ $suite == bookworm && -d $at ]]; then mkdir -p "$machine$at" && cp -rL "$at/." "$machine$at/"; fi
done
if [[ $suite == bookworm && -s /etc/apt/sources.list ]]; then cp /etc/apt/sources.list "$machine/etc/apt/sources.list"; fi
if [[ $suite == noble ]]; then sed -i 's/ main$/ main universe/' "$machine/etc/apt/sources.list"; fi
mount -t proc proc "$machine/proc"
mount -t sysfs -o ro sysfs "$machine/sys"
mount --bind /dev "$machine/dev"
mount --bind /dev/pts "$machine/dev/pts"
if [[ -d /dev/shm ]]; then mount --bind /dev/shm "$machine/dev/shm"; fi

rm -rf --one-file-system "$machine/srv/steelyard"  # of the time before: sources that are gone would be built too
mkdir -p "$machine/srv/steelyard"
git archive HEAD | tar -x -C "$machine/srv/steelyard"

# `env -i`: nothing of this machine's environment but the proxies.
inside() {
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8 \
    ${JOBS:+JOBS="$JOBS"} ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} ${no_proxy:+no_proxy="$no_proxy"} \
    chroot "$machine" /bin/bash -c "cd /srv/steelyard && $1"
}

start=$SECONDS
if [[ $word == test ]]; then
  status=0
  inside "./dev test" || status=$?
  echo "fresh $suite: ./dev test took $((SECONDS - start)) s" >&2
  exit "$status"
fi

port=${FRESH_PORT:-18080}
inside "exec ./dev run --listen 127.0.0.1:$port --admin 127.0.0.1:$((port + 1))" >"$machine/srv/run.log" 2>&1 &
gateway=$!
until curl -fsS "http://127.0.0.1:$((port + 1))/readyz" >/dev/null 2>&1; do
  kill -0 "$gateway" 2>/dev/null || { cat "$machine/srv/run.log" >&2; echo "0 passed, 1 failed"; exit 1; }
  if ((SECONDS - start > 1800)); then cat "$machine/srv/run.log" >&2; echo "0 passed, 1 failed"; exit 1; fi
  sleep 1
done
echo "fresh $suite: ready after $((SECONDS - start)) s" >&2
# The very command it printed must work.
question=$(grep -m1 -A6 '^ *curl ' "$machine/srv/run.log" | awk '{ print } !/\\$/ { exit }')
answer=$(bash -c "$question" 2>&1) || true
if grep -q '"choices"' <<<"$answer"; then
  echo "1 passed, 0 failed"
else
  printf 'asked: %s\nanswered: %s\n' "$question" "$answer" >&2
  echo "0 passed, 1 failed"
  exit 1
fi
