"""Real processes for the integration tests: a gateway, a pretend provider, and a client that sees raw bytes.

Everything listens on loopback with ports the kernel chose, lives in a temporary folder, and is ended by its process id.
"""
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STEELYARD = os.path.abspath(os.environ.get("STEELYARD", ROOT / "build/release/steelyard"))
KEY = "sk-test-0123456789abcdef0123456789abcdef"


def read_line(process, stream, pattern, seconds=30):
    """The first match of `pattern` in what the process prints; fails with everything it said."""
    seen, deadline = "", time.monotonic() + seconds
    while time.monotonic() < deadline:
        ready, _, _ = select.select([stream], [], [], 0.1)
        if ready:
            chunk = os.read(stream.fileno(), 65536).decode(errors="replace")
            seen += chunk
            match = re.search(pattern, seen)
            if match:
                return match
            if not chunk:
                break
        elif process.poll() is not None:
            break
    raise AssertionError(f"process said: {seen!r}")


class Mock:
    """`steelyard mock`, with its bill."""

    def __init__(self, *models, **behaviour):
        command = [STEELYARD, "mock", "--port", "0"]
        for model in models:
            command += ["--model", model]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.port = int(read_line(self.process, self.process.stdout, r"http://127\.0\.0\.1:(\d+)")[1])
        if behaviour:
            self.behave(**behaviour)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, body)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status == 200, (answer.status, text)
        return json.loads(text)

    def behave(self, **behaviour):
        return self.ask("POST", "/mock/behaviour", json.dumps(behaviour))

    def bill(self):
        return self.ask("GET", "/mock/bill")

    def requests(self, last=10):
        return self.ask("GET", f"/mock/requests?last={last}")["requests"]

    def reset(self):
        return self.ask("POST", "/mock/reset", "")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
        self.process.stdout.close()


CATALOG = """
models:
  cheap:
    vendor: Test
    context: 128000
    output_max: 16384
    can: [tools, vision, reasoning, structured_output, json_mode]
    score: { value: 60, source: test, as_of: 2026-11-01 }
    prices: [{ input: 1, output: 2, web_search: 10, source: test }]
  dear:
    vendor: Test
    context: 128000
    output_max: 16384
    can: [tools, vision, reasoning, structured_output, json_mode]
    score: { value: 70, source: test, as_of: 2026-11-01 }
    prices: [{ input: 10, output: 20, web_search: 10, source: test }]
"""


class Gateway:
    """`steelyard serve` on a configuration made from parts; `config` may be a function of the mock ports."""

    def __init__(self, config, catalog=CATALOG, extra_files=None, environment=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="steelyard-test-"))
        self.environment = dict(os.environ, **(environment or {}))
        self.write("models.yaml", catalog)
        self.write("gateway.yaml", config)
        for name, text in (extra_files or {}).items():
            self.write(name, text)
        self.process = None
        self.start()

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def start(self):
        self.errors = open(self.folder / "errors.txt", "ab")
        self.process = subprocess.Popen(
            [STEELYARD, "serve", "--config", "gateway.yaml"], cwd=self.folder, env=self.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        match = read_line(self.process, self.process.stderr, r"ready on port (\d+), admin on port (\d+)")
        self.port, self.admin_port = int(match[1]), int(match[2])
        self.pump = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=self.errors)

    def kill(self):
        self.process.kill()
        self.process.wait(10)
        self._close()

    def stop(self, seconds=30):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
                raise AssertionError("the gateway did not drain: " + self.said())
        status = self.process.returncode
        self._close()
        return status

    def _close(self):
        self.process.stderr.close()
        self.pump.wait(10)
        self.errors.close()

    def signal(self, number):
        self.process.send_signal(number)

    def said(self):
        return (self.folder / "errors.txt").read_text(errors="replace")

    def clean(self):
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def chat(self, body, key=KEY, headers=None, path="/v1/chat/completions"):
        """(status, headers, body bytes) of one request on its own connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        all_headers = {"content-type": "application/json", **(headers or {})}
        if key:
            all_headers["authorization"] = "Bearer " + key
        connection.request("POST", path, body if isinstance(body, (bytes, str)) else json.dumps(body), all_headers)
        answer = connection.getresponse()
        data = answer.read()
        found = {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        return answer.status, found, data

    def get(self, path, key=KEY, port=None):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=10)
        connection.request("GET", path, headers={"authorization": "Bearer " + key} if key else {})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data

    def admin(self, path, token="admin-token"):
        status, data = self.get(path, token, self.admin_port)
        return status, data

    def budgets(self):
        status, data = self.admin("/admin/budgets")
        assert status == 200, data
        return {b["scope"]: b for b in json.loads(data)["budgets"]}

    def receipts(self, count=None, seconds=5):
        """All receipts so far; waits until there are `count`, or else until the log's writer has been quiet for a while."""
        path, deadline = self.folder / "decisions.jsonl", time.monotonic() + seconds
        before = None
        while True:
            if count is None:
                time.sleep(0.1)
            text = path.read_text() if path.exists() else ""
            lines = text[:text.rfind("\n") + 1].splitlines()  # the last may be on its way
            quiet, before = count is None and len(lines) == before, len(lines)
            if quiet or (count is not None and len(lines) >= count) or time.monotonic() > deadline:
                receipts = [json.loads(line, object_hook=Line) for line in lines]
                assert count is None or len(receipts) == count, (count, len(receipts))
                return receipts
            time.sleep(0.02)


class Line(dict):
    """A line of the decision log, or a part of it: what it leaves out is null, false or zero."""
    def __missing__(self, key):
        return None


def config(providers, budgets="", policies="", more="", team_budgets="", key_budgets="", workers=2, quirks=""):
    """A gateway with one organisation, one team and one key. providers: {name: (port, models)}."""
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    lines = "".join(
        f'  {name}: {{ base_url: "http://127.0.0.1:{port}/v1", keys: ["${{env:TEST_PROVIDER_KEY}}"],'
        f" models: {json.dumps(models)}, quirks: {{ {quirks} }} }}\n" for name, (port, models) in providers.items())
    return f"""
listen: 127.0.0.1:0
admin: {{ listen: "127.0.0.1:0", token: admin-token }}
workers: {workers}
catalog: [models.yaml]
providers:
{lines}
tiers:
  standard: {{ min_score: 50 }}
default_tier: standard
organisations:
  acme:
    {f"budgets: {budgets}" if budgets else ""}
    teams:
      search:
        {f"budgets: {team_budgets}" if team_budgets else ""}
        keys: [{{ id: search-prod, sha256: "{digest}", explain: true{f", budgets: {key_budgets}" if key_budgets else ""} }}]
log: {{ decisions: decisions.jsonl }}
{policies}
{more}
"""


def start(providers, catalog=CATALOG, files=None, **parts):
    return Gateway(config(providers, **parts), catalog, files, {"TEST_PROVIDER_KEY": "sk-provider-canary"})


def speaking(provider, dialect, catalog=CATALOG, budgets="[{ limit: $10, per: month }]", team="", **parts):
    """A gateway before one provider, `one`, that speaks this dialect; `team`: more lines of its team."""
    text = config({"one": (provider.port, ["*"])}, budgets=budgets, **parts)
    text = text.replace("one: { base_url", f"one: {{ dialect: {dialect}, base_url")
    if dialect in ("anthropic", "gemini"):
        text = text.replace(f":{provider.port}/v1", f":{provider.port}")
    if team:
        text = text.replace("        keys: [{ id: search-prod", f"        {team}\n        keys: [{{ id: search-prod")
    return Gateway(text, catalog, None, {"TEST_PROVIDER_KEY": "sk-provider-canary"})


@contextlib.contextmanager
def running(*things):
    """Stops mocks and cleans gateways, whatever happened."""
    try:
        yield things if len(things) > 1 else things[0]
    finally:
        for thing in reversed(things):
            thing.clean() if isinstance(thing, Gateway) else thing.stop()


def message(text="hello", **fields):
    return {"model": "auto", "messages": [{"role": "user", "content": text}], **fields}


def events(data):
    """The data of each server-sent event."""
    return [line[6:] for line in data.decode().split("\n") if line.startswith("data: ")]


def wait_until(condition, seconds=5, what="it did not happen in time"):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError(what)


class Skip(Exception):
    """What a test needs is not on this machine; said loudly, counted as neither."""


class Cases:
    """Runs functions named test_*; ends with the line the runner counts."""

    def __init__(self, namespace):
        self.tests = [(n, f) for n, f in namespace.items() if n.startswith("test_") and callable(f)]

    def run(self):
        passed = failed = 0
        only = sys.argv[1:]
        for name, function in self.tests:
            if only and name not in only:
                continue
            begun = time.monotonic()
            try:
                function()
                passed += 1
                print(f"ok    {name} ({time.monotonic() - begun:.1f} s)", flush=True)
            except Skip as why:
                print(f"SKIPPED  {name}: {why}", flush=True)
            except Exception as error:  # noqa: BLE001: a test may fail in any way
                failed += 1
                import traceback
                traceback.print_exc()
                print(f"FAIL  {name}: {error}", flush=True)
        print(f"{passed} passed, {failed} failed")
        sys.exit(1 if failed else 0)
