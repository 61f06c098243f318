#!/usr/bin/env python3
"""Real clients, unmodified and offline, each with a stream and a whole tool loop, before a provider of its own dialect and before
foreign ones; those of Gemini's dialect also before silent ones, which take a second before and after their first event. Prints
the matrix; every line of it is a test. usage: matrix.py [WORD...]: only lines that hold all the words.

The clients are installed once, below build/clients; one that cannot be had fails its lines. What Claude Code says and does on a
provider that is not Anthropic's is kept beside the logs of the tests, as claude-code-on-openai.log."""
import concurrent.futures
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import client_run  # noqa: E402
import coding_agents  # noqa: E402
import installed  # noqa: E402
import offline  # noqa: E402
import sdk_clients  # noqa: E402

LOGS = pathlib.Path(os.environ.get("STEELYARD_BUILD", installed.ROOT / "build/dev")) / "test-logs"
JOBS = int(os.environ.get("JOBS") or os.cpu_count() or 1)
TRANSCRIPT = ("Claude Code", "openai")


def run_one(client, dialect, silence):
    try:
        cell = client_run.run(client, dialect, silence)
    except Exception as error:  # noqa: BLE001: a line of the matrix all the same
        cell = client_run.Cell(client.name, client.dialect, dialect, faults=[f"{type(error).__name__}: {error}"])
    if (client.name, dialect, silence) == (*TRANSCRIPT, 0):
        write_transcript(cell)
    return cell


def write_transcript(cell):
    """What the client printed, event by event, and what the gateway booked."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with open(LOGS / "claude-code-on-openai.log", "w") as log:
        print(f"{cell.client} {coding_agents.CLAUDE}, which speaks {cell.dialect}, served by a provider that speaks {cell.provider}\n"
              "\n--- what it printed (--output-format stream-json)\n" + cell.output, file=log)
        print("--- what the provider was asked: the roles and kinds of the conversation", file=log)
        for number, asked in enumerate(cell.asked, 1):
            turns = [f"{turn['role']}" + ("+tool_calls" if turn.get("tool_calls") else "") for turn in asked["messages"]]
            print(f"{number}. {asked['model']}: {', '.join(turns)}; {len(asked.get('tools') or [])} tools", file=log)
        print("\n--- what the gateway booked", file=log)
        for receipt in cell.receipts:
            print(json.dumps(receipt), file=log)


def lines(cells):
    head = ("client", "speaks", "provider", "stream", "tool loop", "usage booked", "policy facts", "signature back", "requests", "s")
    rows = [head] + [(c.client, c.dialect, c.provider, c.stream, c.tools, c.usage, c.facts, c.signed, str(c.requests), f"{c.seconds:.1f}")
                     for c in cells]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip()


def summary(cells):
    good = [c for c in cells if not c.faults]
    names = list(dict.fromkeys(c.client for c in cells))
    own = {c.client for c in good if c.provider.split(",")[0] == c.dialect}
    foreign = {c.client for c in good if c.provider.split(",")[0] != c.dialect}
    return f"clients x own dialect: {len(own)} of {len(names)}; x a foreign dialect, with a full tool loop: {len(foreign)} of {len(names)}"


def main():
    words = sys.argv[1:]
    every = [(client, provider, silence) for client in coding_agents.AGENTS + sdk_clients.SDKS for provider in client.providers
             # An empty line is all that Gemini's clients are told while nothing comes: each must pass it over.
             for silence in ((0, client_run.SILENCE) if client.dialect == "gemini" else (0,))]
    wanted = [(client, provider, silence) for client, provider, silence in every
              if all(word in f"{client.name}/{client.dialect}/{provider}{', silent' if silence else ''}" for word in words)]
    begun = time.monotonic()
    installed.together({**coding_agents.FOLDERS, **sdk_clients.FOLDERS}, JOBS + 1)  # who failed here fails again below, and says why
    print(f"installed in {time.monotonic() - begun:.0f} s", flush=True)
    if not offline.go_offline():
        print("note: this machine gives us no network namespace of our own: that the clients need no internet is not shown")
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        cells = list(pool.map(lambda one: run_one(*one), wanted))
    print(*lines(cells), "", summary(cells), f"{len(cells)} runs in {time.monotonic() - begun:.0f} s", sep="\n")
    failed = [cell for cell in cells if cell.faults]
    for cell in failed:
        print(f"\nFAIL  {cell.client} ({cell.dialect}) on {cell.provider}", *(f"    {fault}" for fault in cell.faults), sep="\n")
    print(f"{len(cells) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed or not cells else 0)


if __name__ == "__main__":
    main()
