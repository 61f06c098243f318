#!/usr/bin/env python3
"""What matrix.py does not show of Codex CLI: its custom tools in namespaces before providers that have none, and its built-in
provider, which asks for a WebSocket."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from coding_agents import codex_program  # noqa: E402
from gateway import CATALOG, KEY, Cases, running  # noqa: E402
from scripted_provider import SAYS, Scripted, scripted_gateway  # noqa: E402

MARK = "steelyard-was-here"


def run_codex(gateway, home, *more, builtin=False, model="cheap"):
    """Runs one prompt; the events Codex printed."""
    project = home / "project"
    project.mkdir()
    codex = home / ".codex"
    codex.mkdir()
    base = f"http://127.0.0.1:{gateway.port}/v1"
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "dumb", "CODEX_HOME": str(codex)}
    if builtin:  # asks for a WebSocket first
        environment |= {"OPENAI_API_KEY": KEY, "CODEX_API_KEY": KEY}
        more += ("-c", f'openai_base_url="{base}"', "-c", f'model="{model}"')
    else:
        environment["STEELYARD_KEY"] = KEY
        (codex / "config.toml").write_text(
            f'model = "{model}"\nmodel_provider = "steelyard"\n[model_providers.steelyard]\nname = "steelyard"\n'
            f'base_url = "{base}"\nenv_key = "STEELYARD_KEY"\nwire_api = "responses"\n')
    command = [str(codex_program()), "exec", "--skip-git-repo-check", "--json", "--dangerously-bypass-approvals-and-sandbox", *more, "run it"]
    done = subprocess.run(command, cwd=project, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=90)
    events = [json.loads(line) for line in done.stdout.decode().splitlines() if line.startswith("{")]
    assert done.returncode == 0, (done.returncode, events[-3:], done.stderr.decode()[-2000:])
    return events


# To this model Codex shows its tools as an item of the input: custom ones in a namespace, which no other dialect has.
def test_custom_tools_in_a_namespace_come_back_as_they_were():
    script = f'const r = await tools.exec_command({{cmd:"echo {MARK}"}}); text(r.output);'
    for dialect in ("openai", "anthropic"):
        provider = Scripted(dialect, "functions__exec", {"input": script})
        gateway = scripted_gateway(provider, catalog=CATALOG.replace("cheap", "gpt-6.1-sol"))
        with running(provider, gateway), tempfile.TemporaryDirectory() as home:
            events = run_codex(gateway, pathlib.Path(home), model="gpt-6.1-sol")
            last = [e["item"] for e in events if e["type"] == "item.completed" and e["item"]["type"] == "agent_message"][-1]["text"]
            assert last.startswith(SAYS) and MARK in last, (last, events)


def test_without_a_websocket():
    provider = Scripted("responses", "exec_command", {"cmd": f"echo {MARK}"})
    gateway = scripted_gateway(provider)
    with running(provider, gateway), tempfile.TemporaryDirectory() as home:
        items = [event["item"] for event in run_codex(gateway, pathlib.Path(home), builtin=True) if event["type"] == "item.completed"]
        last = [item for item in items if item["type"] == "agent_message"][-1]["text"]
        assert last.startswith(SAYS) and MARK in last, last
        refused, *served = gateway.receipts(3)
        assert refused["http_status"] == 426, refused  # asked for once, and that was that
        assert all(r["http_status"] == 200 and r["spend_nano_usd"] > 0 for r in served) and len(provider.requests) == 2, served


if __name__ == "__main__":
    Cases(globals()).run()
