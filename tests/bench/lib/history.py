"""history.jsonl: a row per recorded run. The newest row of this kind of machine is what instructions may not outgrow."""
import json
import pathlib
import platform
import shutil
import subprocess

FILE = pathlib.Path(__file__).resolve().parent.parent / "history.jsonl"
GROWTH_MAX = 0.03
KEYS = ("auto", "named", "frame")


def platform_name():
    """Instruction counts compare only where compiler, libraries and valgrind are the same."""
    words = [platform.machine()]
    release = pathlib.Path("/etc/os-release")
    if release.exists():
        fields = dict(line.split("=", 1) for line in release.read_text().splitlines() if "=" in line)
        words.append(fields.get("ID", "linux").strip('"') + fields.get("VERSION_ID", "").strip('"'))
    if shutil.which("valgrind"):
        words.append(subprocess.run(["valgrind", "--version"], capture_output=True, text=True, check=False).stdout.strip())
    return " ".join(words)


def rows():
    if not FILE.exists():
        return []
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines() if line.strip()]


def baseline(all_rows, platform_words):
    """The newest row of this platform that has instructions, or None."""
    for row in reversed(all_rows):
        if row.get("platform") == platform_words and all(f"steelyard.instructions.{key}" in row for key in KEYS):
            return row
    return None


def grown(row, found, allowance=GROWTH_MAX):
    """What costs more than it may, as sentences. `found`: {key: instructions}."""
    said = []
    for key in KEYS:
        before, now = row[f"steelyard.instructions.{key}"], found.get(key)
        if now is not None and now > before * (1 + allowance):
            said.append(f"instructions per {'stream event' if key == 'frame' else f'request ({key})'}: {before:,.0f} at "
                        f"{row['commit']}, now {now:,.0f}: +{now / before - 1:.1%}, {allowance:.0%} are allowed")
    return said
