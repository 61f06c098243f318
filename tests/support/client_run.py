"""One run of a real client through the gateway: a client is a row (Client), a run is a client before a provider of one dialect,
and what is to be said of a run is a Cell of the matrix."""
import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import tempfile
import time
import typing

from gateway import KEY, running
from scripted_dialects import CACHED, INPUT, OUTPUT, SIGNATURE, THOUGHT
from scripted_provider import SAYS, Scripted, scripted_gateway

MARK = "steelyard-was-here"
SILENCE, SILENCE_TOLD = 1.0, "150ms"  # of a provider that takes its time; the client then gets signs of life
MAKES = f"echo {MARK} > made.txt; cat made.txt"  # the small task: a file is written, and its text comes back
# Dollars a million: input 1, cached input 0.1, output 2. One request of the provider's usage, in nano-dollars:
SPEND = ((INPUT - CACHED) * 1000 + CACHED * 100 + OUTPUT * 2000)


@dataclasses.dataclass
class Client:
    name: str
    dialect: str                     # its own: openai, anthropic, responses, gemini
    providers: tuple                 # dialects of providers it is run before
    model: str                       # what it asks for
    tool: str                        # what the model calls
    arguments: dict
    command: typing.Callable         # (where: Where) → (argv, environment)
    family: str                      # as policies know it; "": its head does not say
    version: str                     # the same; "": unknown to them, None: that of a part of the client
    facts: dict = dataclasses.field(default_factory=dict)  # of every request with tools, as receipts tell them
    more_models: tuple = ()          # others it asks for, for titles and the like
    scenario: typing.Any = None      # where a tool loop is not the way it works
    session: bool = True             # says which conversation a request is of
    gives_back: tuple = ()           # dialects of providers whose signatures come back
    configuration: str = ""          # lines of the gateway's file
    text_in: typing.Callable = lambda out: out  # what the client printed → what it says the model said


@dataclasses.dataclass
class Where:
    port: int
    home: pathlib.Path
    project: pathlib.Path
    model: str
    key: str = KEY

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    def environment(self, **more):
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "TERM": "dumb", "LANG": "C.UTF-8", **more}


@dataclasses.dataclass
class Cell:
    client: str
    dialect: str
    provider: str
    stream: str = "-"
    tools: str = "-"
    usage: str = "-"
    facts: str = "-"
    signed: str = "-"
    requests: int = 0
    seconds: float = 0
    faults: list = dataclasses.field(default_factory=list)
    output: str = ""
    receipts: list = dataclasses.field(default_factory=list)
    asked: list = dataclasses.field(default_factory=list)  # bodies, as the provider got them


def catalog_of(models):
    entry = """
  {name}:
    vendor: Test
    context: 1000000
    output_max: 128000
    can: [tools, vision, reasoning, structured_output, json_mode]
    score: {{ value: 60, source: test, as_of: 2026-11-01 }}
    prices: [{{ input: 1, output: 2, cache_read: 0.1, web_search: 10, source: test }}]"""
    return "models:" + "".join(entry.format(name=json.dumps(model)) for model in models) + "\n"


def policies_of(client):
    return f"""
policies:
  - {{ name: known-client, when: {{ client: ["{client.family or 'none'}"] }}, use: {{ tier: standard, session: sticky }} }}
"""


@contextlib.contextmanager
def place(client, dialect, silence):
    provider = Scripted(dialect, client.tool, client.arguments, client.scenario, silence)
    gateway = scripted_gateway(provider, catalog=catalog_of((client.model, *client.more_models)), policies=policies_of(client),
                               more=client.configuration + (f"\ntimeouts: {{ stream_ping: {SILENCE_TOLD} }}" if silence else ""))
    with running(provider, gateway), tempfile.TemporaryDirectory(prefix="steelyard-client-") as home:
        project = pathlib.Path(home) / "project"
        project.mkdir()
        yield provider, gateway, Where(gateway.port, pathlib.Path(home), project, client.model)


def check(what, cell, holds, told):
    setattr(cell, what, "yes" if holds else "NO")
    if not holds:
        cell.faults.append(f"{what}: {told}")


def judge(client, cell, provider, receipts, made, output):
    """Fills in the cell from what the provider was asked, what was booked, and what the client did and said."""
    cell.requests, cell.receipts, cell.asked = len(provider.requests), receipts, provider.requests
    served = [r for r in receipts if r["call_type"] not in ("models", "count_tokens", "none")]
    with_tools = [r for r in served if r["facts"]["tools"]] or served
    check("stream", cell, with_tools and all(r["stream"] for r in with_tools), [r["stream"] for r in with_tools])
    said = client.text_in(output)
    check("tools", cell, made == MARK + "\n" and SAYS in said and MARK in said and len(provider.requests) >= 2,
          (made, said[-1500:], len(provider.requests)))
    booked = [(r["prompt_tokens"], r["cache_read_input_tokens"] or 0, r["completion_tokens"], r["reasoning_tokens"] or 0,
               r["spend_nano_usd"], r["usage_source"]) for r in served]
    right = (INPUT, CACHED, OUTPUT, THOUGHT if cell.provider != "anthropic" else 0, SPEND, "provider")
    check("usage", cell, len(booked) == len(provider.requests) and all(b == right for b in booked), (booked, right))
    wrong = {i: differences for i, r in enumerate(with_tools) if (differences := unlike(client, r))}
    last = with_tools[-1]["facts"] if with_tools else {}
    loop = client.scenario is not None or last.get("tool_loop")
    warm = client.scenario is not None or last.get("warm_tokens", 0) > 0  # the gateway knows that it is the same conversation
    check("facts", cell, with_tools and not wrong and loop and warm, (wrong, last))
    if cell.provider != "openai":  # whose answers are not signed
        cell.signed = "yes" if SIGNATURE in json.dumps(provider.requests[-1:]) else "no"
    if cell.provider in client.gives_back and cell.signed == "no":
        cell.faults.append("signed: the signature of the first answer is not in the last request")
    cell.faults += provider.faults
    # HEAD and other probes may find nothing; what is asked of a model may not fail.
    cell.faults += [f"{r['call_type']}: {r['http_status']} {r['error_str']}" for r in served if r["status"] == "failure"]


def unlike(client, receipt):
    """Facts of a receipt that are not what they should be: {name: (is, should be)}."""
    expected = {"client": client.family or None, **client.facts}
    if client.version is not None:
        expected["client_version"] = client.version or None
    said = {name: receipt["facts"][name] or None for name in expected}  # a receipt leaves out what is false
    found = {name: (said[name], value) for name, value in expected.items() if said[name] != (value or None)}
    if client.family and receipt["policy"] != "known-client":
        found["policy"] = (receipt["policy"], "known-client")
    if client.session and not receipt["session_id"]:
        found["session_id"] = ("", "some")
    return found


def run(client, dialect, silence=0, seconds=150):
    cell = Cell(client.name, client.dialect, dialect)
    with place(client, dialect, silence) as (provider, gateway, where):
        command, environment = client.command(where)
        begun = time.monotonic()
        try:
            done = subprocess.run([str(c) for c in command], cwd=where.project, env=environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds)
            output, errors = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
            if done.returncode != 0:
                cell.faults.append(f"exit status {done.returncode}: {output[-1500:]} {errors[-1500:]}")
        except subprocess.TimeoutExpired as late:
            output, errors = (late.stdout or b"").decode(errors="replace"), ""
            cell.faults.append(f"not ended after {seconds} s: {output[-1500:]}")
        cell.seconds, cell.output = time.monotonic() - begun, output + errors
        made = where.project / "made.txt"
        judge(client, cell, provider, gateway.receipts(), made.read_text() if made.exists() else None, output)
    cell.provider += ", silent" if silence else ""
    return cell
