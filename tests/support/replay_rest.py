"""What replay.py plays beside the four dialects of clients: embeddings, Bedrock's Converse behind a Chat client, and everything else by
pass-through."""
import json
import re
import struct

import recorded

KINDS = ("openai.embeddings", "bedrock.converse", "other")
FINISH = {"end_turn": "stop", "stop_sequence": "stop", "tool_use": "tool_calls", "max_tokens": "length",
          "model_context_window_exceeded": "length", "guardrail_intervened": "content_filter", "content_filtered": "content_filter"}
MODEL = "a-model"  # of Converse: the recorded one stands in the path, which no client writes
PASS = """pass_through:
          - { provider: one, paths: ["/*"], methods: [GET, POST, PUT, PATCH, DELETE], price_per_call: $0 }
        keys: [{ id: search-prod"""


def case_of(name, exchange):
    """What is sent and answered, or why it cannot be played."""
    request, answer = recorded.body_of(exchange, "request"), recorded.body_of(exchange, "response")
    status = exchange["status"] or 200
    case = {"request": request, "answer": answer, "status": status, "exchange": exchange, "stream": exchange["stream"], "model": MODEL,
            "array": None, "type": (exchange["response_headers"] or {}).get("content-type", "application/json")}
    if name == "other":
        return passed(case, exchange)
    if not answer:
        return "no answer recorded"
    if name == "bedrock.converse":
        case["stream"] = exchange["path"].endswith("-stream")
        if case["stream"]:
            case["type"] = (exchange["response_headers"] or {}).get("content-type", "application/vnd.amazon.eventstream")
        asked = {"model": MODEL, "messages": [{"role": "user", "content": "x"}], "stream": case["stream"]}
        if case["stream"]:
            asked["stream_options"] = {"include_usage": True}
        return {**case, "path": "/v1/chat/completions", "asked": asked, "request": json.dumps(asked).encode()}
    if not request:
        request = json.dumps({"model": MODEL, "input": "x"}).encode()
    asked = json.loads(request)
    model = asked.get("model") or (re.search(r"/deployments/([^/]+)/", exchange["path"]) or [None, None])[1]
    if not isinstance(model, str):
        return "the request names no model"
    if "model" not in asked:  # Azure's path names it
        asked["model"] = model
        request = json.dumps(asked).encode()
    return {**case, "path": "/v1/embeddings", "asked": asked, "request": request, "model": model}


def passed(case, exchange):
    path, _, query = exchange["path"].partition("?")
    path = re.sub(r"<(\w+)>", r"\1", path.replace("%3A", ":"))  # masked names; colons are written plainly
    if "%" in path:
        return "pass-through refuses encoded slashes in a path"
    query = "&".join(part for part in query.split("&") if part and not part.startswith("key="))
    return {**case, "path": f"/one{path}" + (f"?{query}" if query else ""), "target": path + (f"?{query}" if query else ""),
            "method": exchange["method"], "asked": {},
            "request_type": (exchange["request_headers"] or {}).get("content-type", "application/json")}


def rewritten(name, text, port):
    """A configuration of gateway.config() for that kind."""
    if name == "bedrock.converse":
        text = text.replace("one: { base_url", "one: { dialect: converse, region: us-east-1, base_url")
    if name == "other":
        text = text.replace("keys: [{ id: search-prod", PASS)
    return text if name == "openai.embeddings" else text.replace(f":{port}/v1", f":{port}")


def frames(stream):
    """Amazon's event stream as (type, document); a failure is an event of its own."""
    at = 0
    while at < len(stream):
        size, head = struct.unpack(">II", stream[at:at + 8])
        fields, here = {}, at + 12
        while here < at + 12 + head:
            end = here + 1 + stream[here]
            length = struct.unpack(">H", stream[end + 1:end + 3])[0]
            fields[stream[here + 1:end].decode()] = stream[end + 3:end + 3 + length].decode()
            here = end + 3 + length
        document = stream[at + 12 + head:at + size - 4]
        yield fields.get(":event-type") or fields.get(":exception-type", "error"), json.loads(document or b"{}")
        at += size


def client_tool(block):
    """A tool that the client is to run: others ran at Amazon."""
    return "toolUse" in block and block["toolUse"].get("type") != "server_tool_use"


def said_by_converse(case):
    """(words, [(tool, arguments)], why it ended, tokens or None), read from the recording alone."""
    words, calls, stop, usage = "", {}, None, None
    if not case["stream"]:
        whole = json.loads(case["answer"])
        for i, block in enumerate(whole["output"]["message"]["content"]):
            words += block.get("text", "") + "".join(piece.get("text", "") for piece in block.get("citationsContent", {}).get("content", []))
            if client_tool(block):
                calls[i] = [block["toolUse"]["name"], json.dumps(block["toolUse"].get("input") or {})]
        stop, usage = whole["stopReason"], whole.get("usage")
    else:
        for kind, document in frames(case["answer"]):
            index, delta = document.get("contentBlockIndex"), document.get("delta", {})
            if client_tool(document.get("start", {})):
                calls[index] = [document["start"]["toolUse"]["name"], ""]
            words += delta.get("text", "")
            if "toolUse" in delta and index in calls:
                calls[index][1] += delta["toolUse"].get("input", "")
            stop = document.get("stopReason", stop)
            usage = document.get("usage", usage) if kind == "metadata" else usage
            if kind.endswith("Exception") or kind == "error":
                stop = "failed"
    names = ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheWriteInputTokens")
    total = sum(usage.get(name) or 0 for name in names) if usage else None
    return words, [(tool, json.loads(arguments or "{}")) for tool, arguments in calls.values()], stop, total


def heard_by_chat(case, got):
    """The same, as the Chat client heard it."""
    if not case["stream"]:
        choice = json.loads(got)["choices"][0]
        calls = [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in choice["message"].get("tool_calls", [])]
        return choice["message"]["content"] or "", calls, choice["finish_reason"]
    words, calls, finish = "", {}, None
    for _, document in recorded.blocks_of(got):
        if isinstance(document, dict) and "error" in document:
            finish = "failed"
        for choice in (document or {}).get("choices", []) if isinstance(document, dict) else []:
            words += choice["delta"].get("content") or ""
            for call in choice["delta"].get("tool_calls", []):
                known = calls.setdefault(call["index"], ["", ""])
                known[0] += call["function"].get("name", "")
                known[1] += call["function"].get("arguments", "")
            finish = choice["finish_reason"] or finish
    return words, [(tool, json.loads(arguments)) for tool, arguments in calls.values()], finish


def judge(name, case, status, got, asked, line, row):
    """True: it is all right, or wrong and told in the row. The client of Converse hears Chat; of all else what was recorded."""
    where = case["exchange"]["id"]
    if name == "bedrock.converse":
        words, calls, stop, _ = said_by_converse(case)
        heard = heard_by_chat(case, got)
        if heard == (words, calls, FINISH.get(stop, stop)):
            row.count["translated"] += 1
        else:
            row.wrong.append(f"{where}: said {(words, calls, stop)!r}, heard {heard!r}")
        return
    if asked != case["request"]:
        row.wrong.append(f"{where}: the provider got another body: {asked[:200]!r}")
    if name == "other" and line != f"{case['method']} {case['target']} HTTP/1.1\r\n".encode():
        row.wrong.append(f"{where}: the provider was asked {line!r} for {case['method']} {case['target']}")
    if status == case["status"] and got == case["answer"]:
        row.count["identical"] += 1
    else:
        row.wrong.append(f"{where}: status {status} for {case['status']}, {got[:200]!r} for {case['answer'][:200]!r}")


def total(name, case):
    """Tokens, None where none were said."""
    if name == "bedrock.converse":
        return said_by_converse(case)[3]
    usage = json.loads(case["answer"]).get("usage") or {}
    return usage.get("prompt_tokens") or usage.get("total_tokens")
