"""A pretend provider that does one thing for a coding agent: it calls one tool, and when the call is answered it says so. In
Chat, Messages or Responses, streamed or whole. What it was asked stays in `requests`."""
import http.server
import json
import threading

from gateway import CATALOG, Gateway, config

PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "responses": "/v1/responses"}
SAYS = "The command ran. "


def result_in(dialect, asked):
    """The text of the last tool result, or None."""
    def words(content):
        if isinstance(content, str):
            return content
        return "".join(part.get("text", "") for part in content or [])

    found = None
    if dialect == "openai":
        for turn in asked["messages"]:
            if turn["role"] == "tool":
                found = words(turn["content"])
    elif dialect == "anthropic":
        for turn in asked["messages"]:
            for block in turn["content"] if isinstance(turn["content"], list) else []:
                if block["type"] == "tool_result":
                    found = words(block.get("content"))
    else:
        for item in asked["input"] if isinstance(asked["input"], list) else []:
            if item.get("type", "").endswith("call_output"):
                found = words(item["output"])
    return found


def chat_chunks(asked, name, arguments, text):
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": asked["model"]}
    def chunk(delta, finish=None):
        return {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    yield chunk({"role": "assistant", "content": text})
    if name:
        half = len(arguments) // 2
        yield chunk({"tool_calls": [{"index": 0, "id": "call_a1", "type": "function", "function": {"name": name, "arguments": ""}}]})
        for piece in (arguments[:half], arguments[half:]):
            yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
    yield chunk({}, "tool_calls" if name else "stop")
    yield {**base, "choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}}


def message_events(asked, name, arguments, text):
    usage = {"input_tokens": 100, "output_tokens": 1}
    yield "message_start", {"message": {"id": "msg_1", "type": "message", "role": "assistant", "model": asked["model"], "content": [],
                                        "stop_reason": None, "stop_sequence": None, "usage": usage}}
    yield "content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}
    yield "content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": text}}
    yield "content_block_stop", {"index": 0}
    if name:
        half = len(arguments) // 2
        yield "content_block_start", {"index": 1, "content_block": {"type": "tool_use", "id": "toolu_1", "name": name, "input": {}}}
        for piece in (arguments[:half], arguments[half:]):
            yield "content_block_delta", {"index": 1, "delta": {"type": "input_json_delta", "partial_json": piece}}
        yield "content_block_stop", {"index": 1}
    yield "message_delta", {"delta": {"stop_reason": "tool_use" if name else "end_turn", "stop_sequence": None},
                            "usage": {**usage, "output_tokens": 20}}
    yield "message_stop", {}


def response_events(asked, name, arguments, text):
    items = [{"id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
              "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": text}]}]
    if name:
        items.append({"id": "fc_1", "type": "function_call", "status": "completed", "call_id": "call_r1", "name": name,
                      "arguments": arguments})
    whole = {"id": "resp_1", "object": "response", "created_at": 1, "model": asked["model"], "error": None}
    yield "response.created", {"response": {**whole, "status": "in_progress", "output": []}}
    for index, item in enumerate(items):
        at = {"output_index": index, "item_id": item["id"]}
        empty = {**item, "status": "in_progress", **({"content": []} if "content" in item else {"arguments": ""})}
        yield "response.output_item.added", {"output_index": index, "item": empty}
        if item["type"] == "message":
            yield "response.content_part.added", {**at, "content_index": 0, "part": {**item["content"][0], "text": ""}}
            yield "response.output_text.delta", {**at, "content_index": 0, "delta": text, "logprobs": []}
            yield "response.output_text.done", {**at, "content_index": 0, "text": text, "logprobs": []}
            yield "response.content_part.done", {**at, "content_index": 0, "part": item["content"][0]}
        else:
            yield "response.function_call_arguments.delta", {**at, "delta": arguments}
            yield "response.function_call_arguments.done", {**at, "arguments": arguments}
        yield "response.output_item.done", {"output_index": index, "item": item}
    usage = {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 20,
             "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 120}
    yield "response.completed", {"response": {**whole, "status": "completed", "output": items, "usage": usage}}


class Scripted:
    """`tool` and `arguments`: what it calls, where the request declares such a tool."""

    def __init__(self, dialect, tool, arguments):
        outer = self
        self.dialect, self.requests = dialect, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                asked = json.loads(body)
                outer.requests.append(asked)
                assert self.path == PATHS[dialect] and asked.get("stream"), (self.path, asked)
                result = result_in(dialect, asked)
                name = tool if result is None and json.dumps(tool) in json.dumps(asked.get("tools")) else None
                text = SAYS + (result or "") if result is not None else "I shall run it."
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(outer.stream(asked, name, json.dumps(arguments), text))
                self.close_connection = True

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stream(self, asked, name, arguments, text):
        if self.dialect == "openai":
            lines = [json.dumps(chunk) for chunk in chat_chunks(asked, name, arguments, text)] + ["[DONE]"]
            return "".join(f"data: {line}\n\n" for line in lines).encode()
        events = (message_events if self.dialect == "anthropic" else response_events)(asked, name, arguments, text)
        return "".join(f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': n, **data})}\n\n"
                       for n, (kind, data) in enumerate(events)).encode()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def scripted_gateway(provider, more="", catalog=CATALOG):
    text = config({"one": (provider.port, ["*"])}, budgets="[{ limit: $10, per: month }]", more=more)
    text = text.replace("one: { base_url", f"one: {{ dialect: {provider.dialect}, base_url")
    return Gateway(text, catalog, None, {"TEST_PROVIDER_KEY": "sk-provider-canary"})
