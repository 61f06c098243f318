"""Recorded exchanges with real providers (kept beside the repository), and what they say was used, worked out from the text alone."""
import base64
import json
import lzma
import os
import pathlib

SHARED = pathlib.Path(os.environ.get("STEELYARD_SHARED", pathlib.Path(__file__).resolve().parents[3] / "shared"))
FOLDER = SHARED / "fixtures/recorded"


def exchanges(name):
    with lzma.open(FOLDER / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def body_of(exchange, which):
    text = exchange[f"{which}_body"] or ""
    encoding = exchange.get("request_encoding" if which == "request" else "encoding")
    return base64.b64decode(text) if encoding == "base64" else text.encode()


def blocks_of(stream):
    """A stream of server-sent events as (bytes of the block, its document or None)."""
    end = b"\r\n\r\n" if b"\r\n\r\n" in stream else b"\n\n"
    at = 0
    while at < len(stream):
        found = stream.find(end, at)
        stop = len(stream) if found < 0 else found + len(end)
        block, at = stream[at:stop], stop
        data = b"".join(line[5:].strip() for line in block.splitlines() if line.startswith(b"data:"))
        try:
            yield block, json.loads(data)
        except ValueError:
            yield block, None


def documents(exchange, body):
    if not exchange["stream"]:
        try:
            whole = json.loads(body)
        except ValueError:
            return []
        return whole if isinstance(whole, list) else [whole]
    if body.lstrip().startswith(b"["):  # Gemini's array
        return json.loads(body)
    return [document for _, document in blocks_of(body) if isinstance(document, dict)]


def number(usage, *names):
    found = usage
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, int) else 0


def chat_total(documents):
    last = None
    for document in documents:
        for usage in (document.get("usage"), (document.get("x_groq") or {}).get("usage"),
                      *[choice.get("usage") for choice in document.get("choices") or [] if isinstance(choice, dict)]):
            if isinstance(usage, dict) and isinstance(usage.get("prompt_tokens"), int):
                last = usage
    if last is None:
        return None
    parts = number(last, "prompt_tokens") + number(last, "completion_tokens")
    cached = number(last, "prompt_tokens_details", "cached_tokens")
    if cached > number(last, "prompt_tokens"):
        return parts + cached  # Grok on Azure: neither the prompt nor the total holds what was cached
    # The total also holds what has no part of its own: audio at Mistral, reasoning at xAI.
    return max(parts, number(last, "total_tokens"))


def responses_total(documents):
    last = None
    for document in documents:
        usage = document.get("usage") or (document.get("response") or {}).get("usage")
        last = usage if isinstance(usage, dict) else last
    return None if last is None else number(last, "input_tokens") + number(last, "output_tokens")


def messages_total(documents):
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
    figures, steps = {}, None
    for document in documents:
        for usage in (document.get("usage"), (document.get("message") or {}).get("usage")):
            if isinstance(usage, dict):  # what comes later replaces what came before
                figures.update({name: value for name, value in usage.items() if isinstance(value, int)})
                steps = usage.get("iterations") or steps
    if steps:  # each is billed; the figures above leave out compaction and advisors
        return sum(number(step, name) for step in steps for name in names)
    return sum(figures.get(name, 0) for name in names) if figures else None


def gemini_total(documents):
    last = None
    for document in documents:
        usage = document.get("usageMetadata")
        last = usage if isinstance(usage, dict) else last
    if last is None or "promptTokenCount" not in last:
        return None
    return sum(number(last, name) for name in ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount"))


TOTALS = {"openai.chat": chat_total, "openai.responses": responses_total, "anthropic.messages": messages_total,
          "gemini.generate": gemini_total}
