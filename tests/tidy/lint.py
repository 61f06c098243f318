"""clang-tidy over the files named on standard input, those left out that were clean before and have not changed since.

    git ls-files '*.cpp' | python3 tests/tidy/lint.py --build build/dev

What a file depends on is known from the build (`ninja -t deps`): its key is a hash of itself, of every header of ours it
includes and of the check list. A clean file's key is kept in BUILD/lint; a file with findings is looked at every time.
"""
import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TIDY = "clang-tidy-14"


def check_lists(file):
    """The .clang-tidy files that hold for it: its own folder's and those above."""
    return [p for folder in file.parents if (p := folder / ".clang-tidy").is_file() and p.is_relative_to(ROOT)]


def dependencies(build):
    """{source: files of ours it was compiled from}, sources and headers as absolute paths."""
    said = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=True).stdout
    found, current = {}, []
    for line in said.splitlines():
        if line.startswith("    "):
            path = pathlib.Path(os.path.normpath(build / line.strip()))
            if path.is_relative_to(ROOT) and not path.is_relative_to(build):
                current.append(path)
                if len(current) == 1:
                    found[path] = current
        else:
            current = []
    return found


def key_of(file, needs, contents):
    whole = hashlib.sha256()
    for path in [file, *sorted(needs), *check_lists(file)]:
        if path not in contents:
            contents[path] = hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b""
        whole.update(str(path.relative_to(ROOT)).encode() + contents[path])
    return whole.hexdigest()


def lint(build, file):
    done = subprocess.run([TIDY, "-p", str(build), "--quiet", "--warnings-as-errors=*", str(file)], capture_output=True,
                          text=True, errors="replace")
    return done.returncode == 0, done.stdout if done.returncode else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/dev", help="built, with compile_commands.json")
    parser.add_argument("--jobs", type=int, default=int(os.environ.get("JOBS", os.cpu_count() or 1)))
    args = parser.parse_args()
    build = args.build.resolve()
    stamps = build / "lint"
    stamps.mkdir(exist_ok=True)
    needs = dependencies(build)
    files = [ROOT / line for line in sys.stdin.read().split()]
    contents = {}
    keys = {file: key_of(file, needs.get(file, []), contents) for file in files}
    waiting = [file for file in files if not (stamps / keys[file]).exists()]
    print(f"clang-tidy: {len(files)} files, {len(files) - len(waiting)} of them clean and unchanged", file=sys.stderr)
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as workers:
        for file, (clean, said) in zip(waiting, workers.map(lambda file: lint(build, file), waiting)):
            if clean and file in needs:
                (stamps / keys[file]).touch()
            if not clean:
                bad += 1
                print(said, flush=True)
    if bad:
        sys.exit(f"clang-tidy: findings in {bad} of {len(files)} files")


if __name__ == "__main__":
    main()
