#!/usr/bin/env python3
"""tests/run counts correctly, also when tests lie, crash or hang: it is run on a small tree of made-up tests."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PASSED = FAILED = 0

DOCTEST = "#!/bin/sh\necho '[doctest] test cases: {0} | {1} passed | {2} failed | 0 skipped'\nexit {3}\n"
SCRIPT = "#!/bin/sh\necho '{0} passed, {1} failed'\nexit {2}\n"

# (why, unit tests, scripts, words, last line, exit status)
CASES = [
    ("nothing to run is a failure", {}, {}, [], "0 passed, 1 failed", 1),
    ("cases and scripts add up", {"a": DOCTEST.format(3, 3, 0, 0), "b": DOCTEST.format(2, 2, 0, 0)},
     {"integration/x.py": SCRIPT.format(4, 0, 0)}, [], "9 passed, 0 failed", 0),
    ("failures add up", {"a": DOCTEST.format(3, 2, 1, 1)}, {"tidy/x.py": SCRIPT.format(4, 2, 1)}, [],
     "6 passed, 3 failed", 1),
    ("a crash without a summary is one failure", {"a": "#!/bin/sh\nkill -SEGV $$\n"},
     {"clients/x": SCRIPT.format(1, 0, 0)}, [], "1 passed, 1 failed", 1),
    ("a bad exit status with a clean summary is one failure", {"a": DOCTEST.format(3, 3, 0, 1)}, {}, [],
     "3 passed, 1 failed", 1),
    ("a script that says nothing is one failure", {}, {"sim/x.sh": "#!/bin/sh\nexit 0\n"}, [], "0 passed, 1 failed", 1),
    ("the last of several summaries counts", {},
     {"golden/x.sh": "#!/bin/sh\necho '9 passed, 9 failed'\necho '1 passed, 0 failed'\n"}, [], "1 passed, 0 failed", 0),
    ("a hanging test is one failure, and its children end", {},
     {"integration/x.sh": "#!/bin/sh\nsleep 3600 & echo $! > \"$STEELYARD_BUILD/child\"\nsleep 3600\n"}, [],
     "0 passed, 1 failed", 1),
    ("words choose", {"apple": DOCTEST.format(3, 3, 0, 0), "pear": DOCTEST.format(2, 1, 1, 1)}, {}, ["app"],
     "3 passed, 0 failed", 0),
]


def check(why, good):
    global PASSED, FAILED
    PASSED, FAILED = PASSED + bool(good), FAILED + (not good)
    if not good:
        print(f"FAIL {why}")


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def is_running(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def main():
    for why, unit, scripts, words, last, status in CASES:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            program(root / "tests/run", (ROOT / "tests/run").read_text())
            build = root / "build/dev"
            build.mkdir(parents=True)
            for name, text in unit.items():
                program(build / f"steelyard_tests_{name}", text)
            for name, text in scripts.items():
                program(root / "tests" / name, text)
            program(root / "tests/integration/not_a_test.md", "")
            done = subprocess.run([root / "tests/run", "--build", build, "--timeout", "2", *words], capture_output=True,
                                  text=True, timeout=60)
            check(f"{why}: {done.stdout}{done.stderr}", done.stdout.splitlines()[-1] == last)
            check(f"{why}: exit status {done.returncode}", done.returncode == status)
            if (build / "child").exists():
                pid = int((build / "child").read_text())
                for _ in range(50):
                    if not is_running(pid):
                        break
                    time.sleep(0.1)
                check(f"{why}: its child {pid} still runs", not is_running(pid))
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        program(root / "tests/run", (ROOT / "tests/run").read_text())
        program(root / "tests/clients/x", "#!/bin/sh\necho 'SKIPPED  x: its data are absent'\necho '0 passed, 0 failed'\n")
        done = subprocess.run([root / "tests/run", "--build", root], capture_output=True, text=True, timeout=60)
        check(f"what is left out is told: {done.stdout}", "its data are absent" in done.stdout and done.returncode == 0)
    if shutil.which("shellcheck"):
        scripts = [ROOT / "dev", ROOT / ".ci/run", *ROOT.glob("tests/*.sh"), *ROOT.glob("tests/integration/*.sh")]
        done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True)
        check(f"shellcheck:\n{done.stdout}", done.returncode == 0)
    print(f"{PASSED} passed, {FAILED} failed")
    return 0 if FAILED == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
