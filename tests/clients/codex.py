#!/usr/bin/env python3
"""Codex CLI, unmodified and offline, through the gateway: a small task with one command, run by a provider of its own
dialect and by foreign ones."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import CATALOG, KEY, Cases, running  # noqa: E402
from scripted_provider import SAYS, Scripted, scripted_gateway  # noqa: E402

VERSION = "0.169.0"
BUILD = pathlib.Path(os.environ.get("STEELYARD_BUILD", pathlib.Path(__file__).resolve().parent.parent.parent / "build"))
FOLDER = BUILD.resolve() / f"clients/codex-{VERSION}"
MARK = "steelyard-was-here"


def binary():
    if not (FOLDER / "ready").exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-save", "--prefix", ".",
                        f"@openai/codex@{VERSION}"], cwd=FOLDER, check=True, stdout=subprocess.DEVNULL)
        (FOLDER / "ready").touch()
    [found] = FOLDER.glob("node_modules/@openai/codex-linux-*/vendor/*/bin/codex")
    return str(found)


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
    command = [binary(), "exec", "--skip-git-repo-check", "--json", "--dangerously-bypass-approvals-and-sandbox", *more, "run it"]
    done = subprocess.run(command, cwd=project, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=90)
    events = [json.loads(line) for line in done.stdout.decode().splitlines() if line.startswith("{")]
    assert done.returncode == 0, (done.returncode, events[-3:], done.stderr.decode()[-2000:])
    return events


def finishes_a_task(dialect, builtin=False):
    provider = Scripted(dialect, "exec_command", {"cmd": f"echo {MARK}"})
    gateway = scripted_gateway(provider)
    with running(provider, gateway), tempfile.TemporaryDirectory() as home:
        events = run_codex(gateway, pathlib.Path(home), builtin=builtin)
        items = [event["item"] for event in events if event["type"] == "item.completed"]
        [ran] = [item for item in items if item["type"] == "command_execution"]
        assert MARK in ran["command"] and MARK in ran["aggregated_output"] and ran["exit_code"] == 0, ran
        last = [item for item in items if item["type"] == "agent_message"][-1]["text"]
        # Said by the provider, who read it in the output of the command.
        assert last.startswith(SAYS) and re.search(MARK, last), last
        assert len(provider.requests) == 2, len(provider.requests)
        receipts = gateway.receipts(3 if builtin else 2)
        if builtin:  # the WebSocket was refused once, and that was that
            refused = receipts.pop(0)
            assert refused["http_status"] == 426, refused
        assert all(r["call_type"] == "responses" and r["http_status"] == 200 and r["spend_nano_usd"] > 0 for r in receipts), receipts
        return provider.requests


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


def test_its_own_dialect():
    asked = finishes_a_task("responses")
    assert asked[1]["prompt_cache_key"] and asked[0]["input"] == asked[1]["input"][:len(asked[0]["input"])], "a turn was changed"


def test_a_chat_provider():
    asked = finishes_a_task("openai")
    roles = [turn["role"] for turn in asked[1]["messages"]]
    assert roles[-2:] == ["assistant", "tool"] and asked[0]["messages"] == asked[1]["messages"][:len(asked[0]["messages"])], roles


def test_an_anthropic_provider():
    asked = finishes_a_task("anthropic")
    assert asked[1]["messages"][-1]["content"][0]["type"] == "tool_result", asked[1]["messages"][-1]


def test_without_a_websocket():
    finishes_a_task("responses", builtin=True)


if __name__ == "__main__":
    Cases(globals()).run()
