#!/usr/bin/env python3
"""Writes config/models.yaml from the surveyed price table (models.csv).

    config/scripts/models_from_csv.py path/to/models.csv > config/models.yaml

The CSV holds figures; what it says only in words (promotions, peak hours, dates) is data in this file, with its source.
Prices stay decimal text from end to end: no figure passes through a floating-point number.
"""
import csv
import re
import sys
from decimal import Decimal

AS_OF = "2026-10-27"  # the newest confirmation in the table; rows say their own date
SCORE_SOURCE = "Artificial Analysis Intelligence Index v4.1"
SCORE_DATE = "2026-08-01"

# Token families and how many of their tokens 100 tokens of o200k become. Claude: least squares over recorded
# count_tokens values of source code (1.180 up to 4.6, 1.425 from 4.7 on). Gemini: 1.04, of recorded bills
# (tests/clients/recorded_counts.py). Qwen 3.5 and 3.6 share a vocabulary that is shipped.
# All other families: not measured, 100 % until the gateway has learned better from reported usage.
FAMILIES = [
    (r"^(gpt-|gpt-oss)", "o200k", 100),
    (r"^claude-(sonnet-4-6|haiku-4-5)$", "claude-3", 118),
    (r"^claude-", "claude-4.7", 143),
    (r"^gemini-", "gemma-3", 104),
    (r"^deepseek-", "deepseek-v3", 100),
    (r"^kimi-", "kimi-k2", 100),
    (r"^glm-", "glm-4", 100),
    (r"^seed-", "seed", 100),
    (r"^qwen3\.[56]-", "qwen3.6", 100),
    (r"^qwen3", "qwen-3", 100),
    (r"^grok-", "grok", 100),
    (r"^llama-4", "llama-4", 100),
    (r"^muse-", "muse", 100),
    (r"^mistral-", "tekken", 100),
    (r"^nova-", "nova", 100),
    (r"^minimax-", "minimax", 100),
    (r"^mimo-", "mimo", 100),
    (r"^hy3$", "hunyuan", 100),
]
MEASURED = {"o200k", "claude-3", "claude-4.7", "gemma-3", "qwen3.6"}

# First day of the prices in the CSV, from its notes.
FROM = {
    "claude-fable-5-1": "2026-09-01",
    "claude-opus-5-5": "2026-09-22",
    "claude-sonnet-5-5": "2026-10-07",
    "claude-haiku-5-5": "2026-10-07",
    "gpt-6-astra": "2026-09-03",
    "gpt-6-sol": "2026-09-22",
    "gpt-6-luna": "2026-09-22",
    "gpt-6.1-sol": "2026-09-29",
    "gpt-6.1-terra": "2026-10-26",
    "gpt-5.6-sol": "2026-08-21",
    "gpt-5.6-terra": "2026-07-30",
    "gpt-5.6-luna": "2026-07-30",
}

# Periods before and after the one in the CSV: what differs from it. Prices not named keep the CSV's.
EARLIER = {
    "claude-sonnet-5-5": dict(start="2026-09-28", cache_read="0.2",
                              note="cache read 0.20 until 2026-10-06"),
    "gpt-5.6-sol": dict(start=None, input="5", output="30", cache_read="0.5", cache_write_5m="6.25",
                        above_input="10", above_output="45",
                        note="before the promotion; cache prices in proportion"),
    "gpt-5.6-luna": dict(start=None, input="1", output="6", cache_read="0.1", cache_write_5m="1.25",
                         above_input="2", above_output="9",
                         note="before the price cut of 2026-07-30; cache and long-context prices in proportion"),
}
LATER = {
    "gemini-4-argon": dict(start="2026-12-01", input="4", output="20", cache_read="0.2",
                           note="list price after the introduction"),
    "gemini-3.8-flash": dict(start="2027-01-01", input="1.5", output="7.5", cache_read="0.15",
                             note="list price after the promotion"),
    "gemini-3.7-flash": dict(start="2027-01-01", input="1.5", output="7.5", cache_read="0.15",
                             note="list price after the promotion; cache read in proportion"),
    "gemini-3.6-flash": dict(start="2027-01-01", input="1.5", output="7.5", cache_read="0.15",
                             note="list price after the promotion; cache read in proportion"),
}

# DeepSeek's peak hours double every price: api-docs.deepseek.com/quick_start/pricing, 2026-10-27. The weekday rule is in
# no catalogue. Chinese public holidays are off-peak too: on those days the books are too high, never too low.
PEAK = {"deepseek-flash", "deepseek-v4-pro", "deepseek-v4-flash"}

# Long-context cache prices the notes state; elsewhere they keep their proportion to the input price.
ABOVE_CACHE_READ = {
    "claude-haiku-5-5": "0.05",
    "gpt-6.1-sol": "0.2",
    "gpt-6.1-terra": "0.1",
    "grok-4.6": "1",
}

# Priority ("fast mode") that the notes state and the column does not.
PRIORITY = {"claude-opus-5": "200%", "claude-opus-4-8": "200%"}

# Web searches that the vendor makes for the model, dollars per 1,000: a call of OpenAI's `web_search`, a request of
# Anthropic's, a query of Gemini's Google Search (before Gemini 3: an answer with any of
# them). Vendors' price pages and those who quote them, 2026-10; what is free of them a day or a month is not subtracted.
# The others' are not known well enough.
WEB_SEARCH = {"Anthropic": "10", "OpenAI": "10", "Google": "14"}
WEB_SEARCH_PER_ANSWER = {"gemini-2.5-flash-lite": "35"}

# Parameters answered with 400.
REFUSES = {"claude-haiku-5-5": ["temperature", "top_p", "top_k"]}

# Limits the CSV does not know, chosen low.
ASSUMED_CONTEXT = {"qwen3.8-max": 262144, "qwen3.8-flash": 262144}

CAPABILITIES = ["tools", "vision", "reasoning", "structured_output", "json_mode"]


def plain_name(model):
    """'deepseek-flash (V4.1-Flash-1017)' -> the name without what stands in parentheses."""
    return re.sub(r"\s*\(.*\)$", "", model)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def percent_of(part, whole):
    """'50%' when `part` is a whole number of percents of `whole`; else None."""
    value = Decimal(part) * 100 / Decimal(whole)
    return f"{int(value)}%" if value == int(value) else None


def short_source(text):
    """Origins without the path inside them: enough to find the figure again."""
    return " | ".join(part.strip() for part in text.split(" | "))


class Row:
    def __init__(self, csv_row):
        self.raw = csv_row
        self.name = plain_name(csv_row["model"])
        alias = re.search(r"\((.*)\)$", csv_row["model"])
        self.alias = alias.group(1) if alias else ""

    def get(self, column):
        return self.raw[column].strip()

    def vendor(self):
        # Hosted open weights are nobody's own product: a provider must be named for them.
        if self.alias in ("open weights", "Bedrock") and "(" not in self.get("vendor"):
            return f"{self.get('vendor')} ({self.alias})"
        return self.get("vendor")

    def family(self):
        for pattern, family, ratio in FAMILIES:
            if re.search(pattern, self.name):
                return family, ratio
        raise SystemExit(f"{self.name}: no token family")


def price_note(row):
    parts = [row.get("notes")] if row.get("notes") else []
    parts.append("confirmed by: " + row.get("price_quality"))
    return "; ".join(parts)


def service_tiers(row):
    for column, key in (("batch_input", "batch"), ("flex_input", "flex"), ("priority_input", "priority")):
        value = row.get(column)
        if value:
            percent = percent_of(value, row.get("input_usd_per_mtok"))
            yield f"{key}: {percent}" if percent else f"{key}: {{ input: {value} }}"
        elif key == "priority" and row.name in PRIORITY:
            yield f"{key}: {PRIORITY[row.name]}"


def prices_of(row, change):
    columns = {"input": "input_usd_per_mtok", "output": "output_usd_per_mtok", "cache_read": "cache_read_usd_per_mtok",
               "cache_write_5m": "cache_write_5m_usd_per_mtok", "cache_write_1h": "cache_write_1h_usd_per_mtok"}
    for key, column in columns.items():
        value = change.get(key, row.get(column))
        if value:
            yield key, value


def period(row, start, change, note):
    lines = []
    if start:
        lines.append(f"from: {start}")
    for key, value in prices_of(row, change):
        lines.append(f"{key}: {value}")
    if row.get("long_context_threshold"):
        cells = [f"above: {row.get('long_context_threshold')}", "kind: whole_request",
                 f"input: {change.get('above_input', row.get('input_above'))}",
                 f"output: {change.get('above_output', row.get('output_above'))}"]
        if row.name in ABOVE_CACHE_READ:
            cells.append(f"cache_read: {ABOVE_CACHE_READ[row.name]}")
        lines.append("long_context: [{ " + ", ".join(cells) + " }]")
    lines += list(service_tiers(row))
    if row.name in PEAK:
        lines.append('clock: [{ days: mon-fri, hours: ["01:00-04:00", "06:00-10:00"], percent: 200% }]')
    if row.name in WEB_SEARCH_PER_ANSWER:
        lines += [f"web_search: {WEB_SEARCH_PER_ANSWER[row.name]}", "web_search_per: answer"]
    elif row.vendor() in WEB_SEARCH:
        lines.append(f"web_search: {WEB_SEARCH[row.vendor()]}")
    lines.append(f"source: {quoted(short_source(row.get('source')))}")
    lines.append(f"note: {quoted(note)}")
    return "\n".join(("      - " if i == 0 else "        ") + line for i, line in enumerate(lines))


def periods(row):
    start = FROM.get(row.name)
    if row.name in EARLIER:
        change = EARLIER[row.name]
        yield period(row, change["start"], change, change["note"])
    yield period(row, start, {}, price_note(row))
    if row.name in LATER:
        change = LATER[row.name]
        yield period(row, change["start"], change, change["note"])


def model_note(row, ratio_measured):
    parts = []
    if row.alias:
        parts.append(f"listed as {row.get('model')}")
    if row.name in ASSUMED_CONTEXT:
        parts.append("context assumed")
    if not row.get("max_output"):
        parts.append("longest answer not stated")
    if not ratio_measured:
        parts.append("token ratio not measured")
    return "; ".join(parts)


def model(row):
    family, ratio = row.family()
    can = [name for name in CAPABILITIES if row.get(name) == "1"]
    out = [f"  {row.name}:", f"    vendor: {row.vendor()}",
           f"    context: {row.get('context_window') or ASSUMED_CONTEXT[row.name]}"]
    if row.get("max_output"):
        out.append(f"    output_max: {row.get('max_output')}")
    if row.get("prompt_cache_min_tokens"):
        out.append(f"    cache_min: {row.get('prompt_cache_min_tokens')}")
    out.append(f"    can: [{', '.join(can)}]")
    if row.get("aa_intelligence"):
        out.append(f"    score: {{ value: {row.get('aa_intelligence')}, source: {quoted(SCORE_SOURCE)}, as_of: {SCORE_DATE} }}")
    out.append(f"    tokenizer: {family}")
    if ratio != 100:
        out.append(f"    token_ratio: {ratio}%")
    if row.name in REFUSES:
        out.append(f"    refuses: [{', '.join(REFUSES[row.name])}]")
    note = model_note(row, family in MEASURED)
    if note:
        out.append(f"    note: {quoted(note)}")
    out.append("    prices:")
    out += list(periods(row))
    return "\n".join(out)


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    with open(sys.argv[1], newline="", encoding="utf-8") as table:
        rows = [Row(r) for r in csv.DictReader(table)]
    print("# yaml-language-server: $schema=schema/models.schema.json")
    print("# Models and prices, in USD per million tokens. Written by config/scripts/models_from_csv.py: change that, or")
    print("# put your own models and scores into a second file and list it under `catalog:`.")
    print(f"as_of: {AS_OF}")
    print("\nmodels:")
    print("\n\n".join(model(row) for row in rows))


if __name__ == "__main__":
    main()
