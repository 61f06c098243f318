#!/usr/bin/env python3
"""Instructions per request and per stream event may not grow by more than 3 % without a line in tests/bench/history.jsonl
that says why. Counted by callgrind, so the figures do not depend on who else uses the machine."""
import os
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/bench/lib"))
sys.path.insert(0, str(ROOT / "tests/support"))
sys.dont_write_bytecode = True

import history  # noqa: E402
import instructions  # noqa: E402
import load as load_module  # noqa: E402
import programs  # noqa: E402
from gateway import STEELYARD, Cases, Skip  # noqa: E402

TRIES = 6  # what else happens on the machine only adds: events that come together cost up to 90 instructions more each
ADVICE = ("if it must be, measure and say why: tests/bench/run --only instructions --record --why '...', and commit "
          "tests/bench/history.jsonl")


def test_the_check_notices_growth():
    row = {"commit": "abc", "steelyard.instructions.auto": 20000, "steelyard.instructions.named": 10000,
           "steelyard.instructions.frame": 1000}
    assert history.grown(row, {"auto": 20500, "named": 10299, "frame": 1030}) == []
    assert len(history.grown(row, {"auto": 20601, "named": 10301, "frame": 1031})) == 3
    assert "+5.0%" in history.grown(row, {"auto": 21000})[0]


def test_instructions_do_not_grow():
    if not shutil.which("valgrind"):
        raise Skip("no valgrind here")
    binary = pathlib.Path(STEELYARD)
    if not os.access(binary.parent / "steelyard_load", os.X_OK) or "release" not in binary.parts[-2]:
        raise Skip("only the release build is compared, with steelyard_load and steelyard_bench_upstream beside it")
    row = history.baseline(history.rows(), history.platform_name())
    if row is None:
        raise Skip(f"history.jsonl has no row of this platform, {history.platform_name()}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="steelyard-instructions-"))
    os.chmod(folder, 0o711)
    bench = None
    try:
        bench = programs.Bench(binary, binary.parent, folder)
        load, least = load_module.Load(bench), {}
        for _ in range(TRIES):
            found = instructions.measure(bench, load, "steelyard", print, patient=True)
            least = {key: min(figures["all"], least.get(key, figures["all"])) for key, figures in found.items()}
            said = history.grown(row, least)
            if not said:
                break
    finally:
        if bench:
            bench.stop_all()
        shutil.rmtree(folder, ignore_errors=True)
    assert not said, "; ".join([*said, ADVICE])


if __name__ == "__main__":
    Cases(globals()).run()
