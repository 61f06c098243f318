"""A pretend provider of OpenAI's Responses: a thought, a text and a call, then, once the call is answered, a last text."""
import json
import time

from answering import Answering, Provider
from gateway import CATALOG, Gateway, config

USAGE = {"input_tokens": 420, "input_tokens_details": {"cached_tokens": 300}, "output_tokens": 50,
         "output_tokens_details": {"reasoning_tokens": 10}, "total_tokens": 470}
REASONING = {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": "gAAA=="}


def text_item(text, number):
    return {"id": f"msg_{number}", "type": "message", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": text}]}


def call_item(asked):
    """A call of the first tool that was declared, custom ones and those in a namespace included."""
    found = list(asked.get("tools") or [])
    for item in asked["input"] if isinstance(asked.get("input"), list) else []:
        found += item.get("tools") or []
    for tool in found:
        space = tool["name"] if tool["type"] == "namespace" else None
        inner = tool["tools"][0] if space else tool
        if inner["type"] == "function":
            item = {"id": "fc_1", "type": "function_call", "status": "completed", "call_id": "call_1", "name": inner["name"],
                    "arguments": '{"zone": "UTC"}'}
        elif inner["type"] == "custom":
            item = {"id": "ctc_1", "type": "custom_tool_call", "status": "completed", "call_id": "call_1", "name": inner["name"],
                    "input": "date -u"}
        else:
            continue
        return {**item, "namespace": space} if space else item
    return None


def output_of(asked):
    items = asked.get("input")
    answered = isinstance(items, list) and any(i.get("type", "").endswith("_call_output") for i in items)
    call = call_item(asked)
    if answered:
        return [text_item("Done: it is 12:30.", 2)]
    return [REASONING, text_item("It is 12:30.", 1), *([call] if call else [])]


def response(asked, status, output, **more):
    return {"id": asked.get("_id", "resp_1"), "object": "response", "created_at": 1, "status": status, "error": None, "incomplete_details": None,
            "model": asked["model"], "output": output, "usage": USAGE if status == "completed" else None,
            "parallel_tool_calls": True, "tools": asked.get("tools") or [], "tool_choice": "auto", **more}


def events_of(asked, end="completed"):
    output = output_of(asked)
    yield "response.created", {"response": response(asked, "in_progress", [])}
    yield "response.in_progress", {"response": response(asked, "in_progress", [])}
    for index, item in enumerate(output):
        at = {"output_index": index, "item_id": item["id"]}
        kind = item["type"]
        started = {**item, "status": "in_progress"} if "status" in item else dict(item)
        for field, nothing in (("summary", []), ("content", []), ("arguments", ""), ("input", "")):
            if field in started:
                started[field] = nothing
        yield "response.output_item.added", {"output_index": index, "item": started}
        if kind == "reasoning":
            part = {"type": "summary_text", "text": ""}
            yield "response.reasoning_summary_part.added", {**at, "summary_index": 0, "part": part}
            yield "response.reasoning_summary_text.delta", {**at, "summary_index": 0, "delta": "Hm."}
            yield "response.reasoning_summary_text.done", {**at, "summary_index": 0, "text": "Hm."}
            yield "response.reasoning_summary_part.done", {**at, "summary_index": 0, "part": item["summary"][0]}
        elif kind == "message":
            whole = item["content"][0]
            yield "response.content_part.added", {**at, "content_index": 0, "part": {**whole, "text": ""}}
            text = whole["text"]
            for piece in (text[:6], text[6:]):
                yield "response.output_text.delta", {**at, "content_index": 0, "delta": piece, "logprobs": []}
            if end == "cut":
                return
            yield "response.output_text.done", {**at, "content_index": 0, "text": text, "logprobs": []}
            yield "response.content_part.done", {**at, "content_index": 0, "part": whole}
        else:
            name, field = ("function_call_arguments", "arguments") if kind == "function_call" else ("custom_tool_call_input", "input")
            yield f"response.{name}.delta", {**at, "delta": item[field]}
            yield f"response.{name}.done", {**at, field: item[field]}
        yield "response.output_item.done", {"output_index": index, "item": item}
    if end == "failed":
        error = {"code": "server_error", "message": "It broke."}
        yield "response.failed", {"response": response(asked, "failed", output, error=error)}
    else:
        yield "response.completed", {"response": response(asked, "completed", output)}


class Responses(Provider):
    """A provider that speaks /v1/responses, and remembers what it was asked. `end`: completed, failed or cut."""

    def __init__(self, answer_id="resp_1"):
        outer = self
        self.requests, self.status, self.end, self.told = [], 200, "completed", b""
        self.fault = {"message": "Too many.", "type": "rate_limit_error", "param": None, "code": "rate_limit_exceeded"}

        class Handler(Answering):
            def do_POST(self):
                head, body = self.asked()
                outer.requests.append((self.path, head, body))
                asked = {**json.loads(body), "_id": answer_id}
                if outer.status != 200:
                    return self.tell(outer.status, {"error": outer.fault})
                if not asked.get("stream"):
                    return self.tell(200, response(asked, "completed", output_of(asked)))
                self.begin_stream()
                outer.told = b"".join(
                    b"event: %s\ndata: %s\n\n" % (name.encode(), json.dumps({"type": name, "sequence_number": n, **data}).encode())
                    for n, (name, data) in enumerate(events_of(asked, outer.end)))
                half = outer.told.rfind(b"event: ") if outer.end == "failed" else 0
                self.wfile.write(outer.told[:half])
                if half:
                    time.sleep(0.1)  # what was written has reached the client
                self.wfile.write(outer.told[half:])

            def tell(self, status, document):
                self.whole(status, document, keep=outer)

        self.serve(Handler)


def responses_gateway(provider, more=""):
    text = config({"one": (provider.port, ["*"])}, budgets="[{ limit: $10, per: month }]", more=more)
    text = text.replace("one: { base_url", "one: { dialect: responses, base_url")
    return Gateway(text, CATALOG, None, {"TEST_PROVIDER_KEY": "sk-provider-canary"})
