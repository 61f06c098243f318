#!/usr/bin/env python3
"""Every command of the README is run, against the demo on other ports."""
import os
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import ROOT, STEELYARD, Cases, read_line  # noqa: E402

BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
COMMANDS = [c.strip() for block in BLOCKS for c in re.sub(r"\\\n\s*", "", block).split("\n") if c.strip()]


def free_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


def test_dev_run_is_the_demo():
    assert "./dev run" in COMMANDS
    text = (ROOT / "dev").read_text()
    assert re.search(r"steelyard serve --demo", text), "`./dev run` starts something else"


def test_each_curl_works_as_written():
    port, admin = free_port(), free_port()
    demo = subprocess.Popen([STEELYARD, "serve", "--demo", "--listen", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{admin}"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        printed = read_line(demo, demo.stderr, r"(curl .*\n.*\n.*)\n")[1]
        curls = [c for c in COMMANDS if c.startswith("curl")] + [re.sub(r"\\\n\s*", "", printed)]
        assert len(curls) >= 6
        for command in curls:
            command = command.replace("127.0.0.1:8080", f"127.0.0.1:{port}").replace("127.0.0.1:8081", f"127.0.0.1:{admin}")
            done = subprocess.run(["curl", "-sS", "--fail", "-m", "10", *shlex.split(command)[1:]], capture_output=True, text=True)
            assert done.returncode == 0, (command, done.stderr, done.stdout)
            wanted = ("chosen" if "explain" in command else "steelyard_requests_total" if "metrics" in command
                      else "ready" if "readyz" in command else "[DONE]" if "stream" in command else "chat.completion")
            assert wanted in done.stdout, (command, done.stdout)
    finally:
        demo.terminate()
        assert demo.wait(20) == 0
        demo.stderr.close()


def configured(folder):
    """The example with its two files switched on, as the README says."""
    shutil.copytree(ROOT / "config", folder, ignore=shutil.ignore_patterns("*.h", "*.cpp"))
    main = folder / "gateway.yaml"
    text, found = re.subn(r"^# (log|ledger): ", r"\1: ", main.read_text(), flags=re.M)
    assert found == 2, "config/gateway.yaml shows `log:` and `ledger:` in another way"
    main.write_text(text)


def test_each_steelyard_command_works_as_written():
    secrets = {name: f"sk-test-{name}-0123456789abcdef" for name in re.findall(r"\$\{env:(\w+)\}", (ROOT / "config/gateway.yaml").read_text())}
    seen = set()
    with tempfile.TemporaryDirectory() as folder:
        configured(pathlib.Path(folder) / "config")
        request = pathlib.Path(folder) / "request.json"
        request.write_text('{"model":"auto","messages":[{"role":"user","content":"hi"}]}')
        for command in COMMANDS:
            if not command.startswith("build/release/steelyard"):
                continue
            words = shlex.split(command, comments=True)
            words[0] = STEELYARD
            words = [str(ROOT / w) if w == "README.md" else w for w in words]
            seen.add(words[1])
            if words[1] == "serve":
                words += ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
                process = subprocess.Popen(words, cwd=folder, env=dict(os.environ, **secrets), stdout=subprocess.DEVNULL,
                                           stderr=subprocess.PIPE)
                try:
                    read_line(process, process.stderr, r"ready on port \d+")
                finally:
                    process.terminate()
                    assert process.wait(20) == 0
                    process.stderr.close()
                continue
            done = subprocess.run(words, cwd=folder, env=dict(os.environ, **secrets), capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, (command, done.stdout, done.stderr)
            assert done.stdout.strip(), command
    assert {"check", "explain", "serve", "mock", "tokens", "budget", "report", "ledger"} <= seen


def test_the_map_of_folders_is_right():
    for folder in re.findall(r"^\| `([a-z/]+)` \|", (ROOT / "README.md").read_text(), re.M):
        assert (ROOT / folder).is_dir(), folder


if __name__ == "__main__":
    Cases(globals()).run()
