#!/usr/bin/env python3
"""The style guide as a test: rules.py over every file. First the rules themselves are tried on snippets, bad and good.
Each snippet and each rule is one test; the last line is `N passed, N failed`."""
import os
import pathlib
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rules  # noqa: E402
import snippets  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SKIPPED_FOLDERS = {"build", ".git", "node_modules", "__pycache__", ".venv"}
CPP = {".h", ".cpp"}
TEXT = {".py", ".sh", ".md", ".yaml", ".yml", ".json", ".cmake", ".txt", ".mjs", ".js", ".html", ".css", ""}
# Sources of data, not of ideas: no limit of length, and files that must name what they forbid.
GENERATED = ("router/tokens/vocabulary_data",)
EXEMPT = {"tests/tidy/rules.py", "tests/tidy/snippets.py", "LICENSE"}
SOURCE_SUFFIXES = CPP | {".py", ".sh", ".mjs"}


def files():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
        for name in sorted(n for n in names if n not in SKIPPED_FOLDERS):
            path = pathlib.Path(folder, name)
            relative = path.relative_to(ROOT).as_posix()
            known = path.suffix in CPP | TEXT and relative not in EXEMPT
            # In a work tree beside the first one `.git` is a file.
            if known and name not in SKIPPED_FOLDERS and path.stat().st_size < 1 << 20:
                yield relative, path


def check_file(relative, path):
    """[(rule, line, message)]"""
    if "tests/golden/" in relative or "/seeds/" in relative or relative.startswith(GENERATED):
        return []
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return [("utf8", 1, "not UTF-8")] if path.suffix else []
    chosen = rules.CPP_RULES if path.suffix in CPP else rules.TEXT_RULES
    return [(rule.__name__, line, message) for rule in chosen for line, message in rule(relative, text)]


def folders_without_readme():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS and not f.startswith("."))
        relative = pathlib.Path(folder).relative_to(ROOT).as_posix()
        if any(pathlib.Path(n).suffix in SOURCE_SUFFIXES for n in names) and "README.md" not in names:
            if not relative.startswith("tests/") and not relative.endswith("/scripts"):
                yield relative


def main():
    passed = failed = 0
    for why, good in snippets.run(rules):
        passed, failed = passed + good, failed + (not good)
        if not good:
            print(f"tests/tidy/snippets.py: {why}")
    broken = {}
    for relative, path in files():
        for rule, line, message in sorted(check_file(relative, path)):
            broken[rule] = broken.get(rule, 0) + 1
            print(f"{relative}:{line}: {message}")
    for folder in folders_without_readme():
        broken["readme"] = broken.get("readme", 0) + 1
        print(f"{folder}: a folder with sources has a README.md")
    for rule in [rule.__name__ for rule in rules.CPP_RULES] + ["utf8", "readme"]:
        passed, failed = passed + (rule not in broken), failed + (rule in broken)
        print(f"{rule}: {broken.get(rule, 0)} findings")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
