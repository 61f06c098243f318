#!/usr/bin/env python3
"""Recorded requests of models whose vocabulary is shipped, counted by `steelyard tokens --chat`, against what was billed for them.

    STEELYARD=build/release/steelyard tests/clients/recorded_counts.py    # prints the table
"""
import collections
import json
import lzma
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SHARED = pathlib.Path(os.environ.get("STEELYARD_SHARED", ROOT.parent / "shared"))
RECORDED = SHARED / "fixtures/recorded/openai.chat.jsonl.xz"
STEELYARD = os.environ.get("STEELYARD", str(ROOT / "build/release/steelyard"))
FAMILIES = ("gpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "o3", "o4")  # o200k_base; the model that answered
# Of others: their vocabulary, and (provider, model) as a regular expression. `kind` is the vendor's name.
VENDORS = {
    "deepseek": ("deepseek-v3", r"deepseek deepseek-v4"),
    "mistral": ("tekken", r"mistral (mistral-(small|large|medium)|ministral|magistral|pixtral)"),
    "gpt-oss": ("o200k", r"(ollama|groq|cerebras|doubleword|local|openrouter) (openai/)?gpt-oss"),
}
OTHER_PRODUCTS = ("search", "audio", "5.6-sol-pro")
# Measured 2026-11-30 and rounded to what may not get worse. within: an error of 1 % or of three tokens for each tool
# definition and call, which is the goal (an answer's schema is no tool: 1 %); bound: billed is not above `upper`.
GOALS = {
    "plain": {"exact": 0.995, "within": 1.0, "bound": 1.0},  # one conversation of o3-mini is two tokens off
    "tools": {"exact": 0.83, "within": 0.955, "bound": 1.0},
    "calls": {"exact": 0.65, "within": 1.0, "bound": 1.0},
    "schema": {"exact": 0.64, "within": 0.83, "bound": 1.0},
    # Off: tools that `tool_choice: none` hides, thinking that is not shown again, compact JSON shown with blanks.
    "deepseek": {"exact": 0.3, "within": 0.55, "bound": 1.0},
    "mistral": {"exact": 0.35, "within": 0.6, "bound": 1.0},
    "gpt-oss": {"exact": 0.2, "within": 0.5, "bound": 1.0},
}


def usage_of(exchange):
    """(prompt tokens billed, model that answered), or None."""
    bodies = [exchange["response_body"]]
    if exchange["stream"]:
        bodies = [line[5:] for line in bodies[0].split("\n") if line.startswith("data:") and '"usage"' in line]
    for body in reversed(bodies):
        try:
            answer = json.loads(body)
        except ValueError:
            continue
        usage = answer.get("usage") or {}
        if usage.get("prompt_tokens"):
            return usage["prompt_tokens"], answer.get("model", "")
    return None


def kind_of(request):
    """plain, schema, tools or calls; None for what this test is not about (pictures, sound, files)."""
    messages = request["messages"]
    parts = [part for m in messages if isinstance(m.get("content"), list) for part in m["content"]]
    if any(part.get("type") not in ("text", "refusal") for part in parts):
        return None
    shape = (request.get("response_format") or {}).get("type", "text")
    if request.get("functions") or any(m.get("function_call") for m in messages):
        return None
    if shape != "text":
        return "schema" if not request.get("tools") and shape == "json_schema" else None
    if any(m.get("tool_calls") for m in messages):
        return "calls"
    return "tools" if request.get("tools") else "plain"


def vendor_of(provider, model):
    return next((name for name, (_, pattern) in VENDORS.items() if re.match(pattern, f"{provider} {model}")), None)


def exchanges():
    for line in lzma.open(RECORDED, "rt"):
        exchange = json.loads(line)
        if exchange["status"] != 200:
            continue
        try:
            request = json.loads(exchange["request_body"])
        except ValueError:
            continue
        usage = usage_of(exchange)
        kind = kind_of(request) if usage and "messages" in request else None
        if request.get("model", "") is None:
            continue
        if "model" not in request:  # Azure has it in the path
            exchange["request_body"] = '{"model": "unnamed", ' + exchange["request_body"].lstrip()[1:]
        vendor = kind and kind != "schema" and vendor_of(exchange["provider"], usage[1])
        if vendor:
            yield exchange, request, vendor, *usage
        if exchange["provider"] not in ("openai", "azure"):
            continue
        if kind and usage[1].startswith(FAMILIES) and not any(o in usage[1] for o in OTHER_PRODUCTS):
            yield exchange, request, kind, *usage


def count(folder, model, tokenizer, bodies):
    """What the binary says about each body, in order."""
    catalog = folder / "models.yaml"
    catalog.write_text(f"models:\n  \"{model}\": {{ vendor: OpenAI, context: 1000000, output_max: 100000, tokenizer: {tokenizer},"
                       " prices: [{ input: 1, output: 1, source: test }] }\n")
    (folder / "steelyard.yaml").write_text("catalog: [models.yaml]\nproviders:\n  p: { base_url: \"http://127.0.0.1:9/v1\", models: [\"*\"] }\n")
    files = []
    for i, body in enumerate(bodies):
        files.append(folder / f"{i}.json")
        files[-1].write_text(body)
    done = subprocess.run([STEELYARD, "tokens", "--chat", "--json", "--model", model, "--config",
                           folder / "steelyard.yaml", *files], capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if len(lines) != len(bodies):
        raise RuntimeError(f"{model}: {len(lines)} of {len(bodies)} counted: {done.stderr[:500]}")
    return lines


def measure():
    """(kind, model, billed, tokens, upper, quality, tools and calls, id) of every exchange."""
    by_model = collections.defaultdict(list)
    for exchange, request, kind, billed, model in exchanges():
        calls = sum(len(m.get("tool_calls") or []) for m in request["messages"])
        things = len(request.get("tools") or []) + calls
        by_model[model].append((kind, billed, things, exchange))
    for model, rows in sorted(by_model.items()):
        tokenizer = VENDORS[rows[0][0]][0] if rows[0][0] in VENDORS else "o200k"
        with tempfile.TemporaryDirectory(prefix="steelyard-counts-") as folder:
            found = count(pathlib.Path(folder), model, tokenizer, [row[3]["request_body"] for row in rows])
        for (kind, billed, things, exchange), line in zip(rows, found):
            yield kind, model, billed, line["tokens"], line["upper"], line["quality"], things, exchange["id"]


def table(rows):
    print(f"{'kind':8}{'model':30}{'requests':>9}{'exact':>7}{'within':>8}{'bound':>7}{'mean %':>8}{'worst':>7}")
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row[0], row[1]].append(row)
        groups[row[0], "all"].append(row)
    for (kind, model), members in sorted(groups.items()):
        share = shares(members)
        errors = [row[3] - row[2] for row in members]
        mean = 100 * sum(abs(e) / row[2] for e, row in zip(errors, members)) / len(members)
        print(f"{kind:8}{model:30}{len(members):9}{share['exact']:7.2f}{share['within']:8.2f}{share['bound']:7.2f}"
              f"{mean:8.2f}{max(errors, key=abs):7}")


def shares(members):
    within = sum(abs(b - t) <= max(b * 0.01, 3 * things) for _, _, b, t, _, _, things, _ in members)
    return {"exact": sum(row[2] == row[3] for row in members) / len(members), "within": within / len(members),
            "bound": sum(row[2] <= row[4] for row in members) / len(members)}


def main():
    if not RECORDED.is_file():
        print(f"recorded_counts: no data at {RECORDED}\n0 passed, 1 failed")
        return 1
    rows = list(measure())
    table(rows)
    passed = failed = 0
    for kind, goals in GOALS.items():
        found = shares([row for row in rows if row[0] == kind])
        for what, goal in goals.items():
            good = found[what] >= goal
            passed, failed = passed + good, failed + (not good)
            if not good:
                print(f"FAIL {kind}: {what} {found[what]:.3f}, not {goal}")
    for kind, model, billed, tokens, upper, quality, _, ident in rows:
        if (quality == "exact" and tokens != billed) or (kind == "plain" and quality != "exact" and model[:2] != "o3"):
            failed += 1
            print(f"FAIL {ident} {model} {kind}: {quality} {tokens}, billed {billed}")
        elif "-v" in sys.argv and tokens != billed:
            print(f"     {ident} {model} {kind}: {tokens} at most {upper}, billed {billed}")
    passed += 1
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
