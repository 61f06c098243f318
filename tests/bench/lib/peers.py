"""Other gateways, installed from their registries into a folder of ours, before the same upstream. Only with `run --peers`:
it downloads hundreds of megabytes."""
import os
import pathlib
import shutil
import subprocess
import sys
import venv

import machine
import programs
import stats

CONNECTIONS, SECONDS, ROUNDS = 16, 3, 5
MODEL = "gpt-5.4-mini"


class Missing(Exception):
    """It cannot be had here, and why."""


class LiteLLM:
    name, version = "litellm", "1.81.0"

    def install(self, folder):
        venv.create(folder, with_pip=True, clear=True)
        _run([folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
              f"litellm[proxy]=={self.version}"])

    def command(self, folder, scratch, port, upstream):
        config = scratch / "litellm.yaml"
        config.write_text(f"model_list:\n  - model_name: {MODEL}\n    litellm_params: {{ model: openai/{MODEL}, "
                          f"api_base: 'http://127.0.0.1:{upstream}/v1', api_key: none }}\n"
                          # It refuses the temperature of our request for this model otherwise.
                          "litellm_settings: { drop_params: true }\n"
                          "general_settings: { master_key: sk-steelyard-bench }\n")
        return [folder / "bin/litellm", "--config", config, "--host", "127.0.0.1", "--port", port, "--num_workers", 1]

    def headers(self, upstream):
        return ()


class Portkey:
    name, version = "portkey", "1.15.2"

    def install(self, folder):
        if not shutil.which("npm"):
            raise Missing("no npm here")
        folder.mkdir(parents=True, exist_ok=True)
        _run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-save", "--prefix", ".",
              f"@portkey-ai/gateway@{self.version}"], cwd=folder)

    def command(self, folder, scratch, port, upstream):
        return ["node", folder / "node_modules/@portkey-ai/gateway/build/start-server.js", f"--port={port}", "--headless"]

    def headers(self, upstream):
        return ("x-portkey-provider: openai", f"x-portkey-custom-host: http://127.0.0.1:{upstream}/v1")


class Bifrost:
    name, version = "bifrost", "v1.4.0"

    def install(self, folder):
        if not shutil.which("go"):
            raise Missing("no go here")
        folder.mkdir(parents=True, exist_ok=True)
        _run(["go", "install", f"github.com/maximhq/bifrost/transports/bifrost-http@{self.version}"],
             env=dict(os.environ, GOBIN=str(folder), GOFLAGS="-mod=mod"))

    def command(self, folder, scratch, port, upstream):
        (scratch / "config.json").write_text(
            '{"providers":{"openai":{"keys":[{"name":"k","value":"none","models":[],"weight":1}],'
            f'"network_config":{{"base_url":"http://127.0.0.1:{upstream}"}}}}}}}}')
        return [folder / "bifrost-http", "-app-dir", scratch, "-host", "127.0.0.1", "-port", port]

    def headers(self, upstream):
        return ()


def _run(command, **words):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=900, **words)
    if done.returncode != 0:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise Missing(f"`{command[0]}` says: {said[-1][:200] if said else 'nothing'}")


def compare(bench, load, cache, say):
    """{name: {version, cpu_us, ratio, low, high} or {version, missing}}: how much of a peer's CPU ours takes, round by round."""
    found, running = {}, {}
    for peer in (LiteLLM(), Portkey(), Bifrost()):
        found[peer.name] = {"version": peer.version}
        try:
            running[peer.name] = (peer, _start(bench, peer, pathlib.Path(cache)))
        except (Missing, programs.Failure) as why:
            found[peer.name]["missing"] = str(why).splitlines()[0][:300]
            say(f"  {peer.name}: {why}")
    ours = bench.start("steelyard")
    machine.touch_memory()
    costs = {name: [] for name in ["steelyard", *running]}
    for number in range(ROUNDS):
        bench.forget_logs()
        costs["steelyard"].append(_cost(load, ours, (), "named.json", bench))
        for name, (peer, program) in running.items():
            costs[name].append(_cost(load, program, peer.headers(bench.upstream.port), "named.json", bench))
        say("  round %d: CPU-us per request %s" % (number + 1, "  ".join(f"{n} {c[-1]:,.1f}" for n, c in costs.items())))
    for name in running:
        ratio = stats.paired(costs["steelyard"], costs[name])
        found[name].update(cpu_us=stats.median(costs[name]), ours_us=stats.median(costs["steelyard"]), ratio=ratio["median"],
                           low=ratio["low"], high=ratio["high"])
    for program in [ours, *(program for _, program in running.values())]:
        bench.stop(program)
    return found


def _start(bench, peer, cache):
    folder = cache / f"{peer.name}-{peer.version}"
    refused = folder / "refused"  # a registry that said no is not asked again; remove the file to ask
    if refused.exists():
        raise Missing(refused.read_text().strip())
    if not (folder / "ready").exists():
        print(f"installing {peer.name} {peer.version}", file=sys.stderr, flush=True)
        try:
            peer.install(folder)
        except Missing as why:
            folder.mkdir(parents=True, exist_ok=True)
            refused.write_text(f"{why}\n")
            raise
        (folder / "ready").touch()
    scratch, port = bench._folder(peer.name), machine.free_port()
    command = peer.command(folder, scratch, port, bench.upstream.port)
    program = bench._keep(programs.Program(peer.name, command, port, scratch, bench.proxy_cpu, patience=120))
    return program


def _cost(load, program, headers, body, bench):
    load.answers(program.port, body, requests=200, connections=CONNECTIONS, headers=headers, exact=False)
    before = machine.cpu_ns(program.pid)
    done = load.answers(program.port, body, seconds=SECONDS, connections=CONNECTIONS, headers=headers, exact=False)
    return (machine.cpu_ns(program.pid) - before) / 1000 / done["completed"]
