"""Pretend providers that ignore the limit on output: a stream of words in any dialect, and a bill of what was sent."""
import http.server
import json
import threading
import time

WORD = "word "  # one token, by this provider's bill


def chat(count):
    head = {"id": "chatcmpl-77", "object": "chat.completion.chunk", "created": 1700000000, "model": "cheap"}
    yield "", {**head, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]}
    for _ in range(count):
        yield "", {**head, "choices": [{"index": 0, "delta": {"content": WORD}, "finish_reason": None}]}
    yield "", {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def anthropic(count):
    usage = {"input_tokens": 10, "output_tokens": 1}
    yield "message_start", {"type": "message_start", "message": {
        "id": "msg_77", "type": "message", "role": "assistant", "model": "cheap", "content": [], "stop_reason": None,
        "stop_sequence": None, "usage": usage}}
    for index, words in enumerate((3, count)):
        yield "content_block_start", {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}}
        for _ in range(words):
            yield "content_block_delta", {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": WORD}}
        yield "content_block_stop", {"type": "content_block_stop", "index": index}
    yield "message_delta", {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                            "usage": {"output_tokens": count + 3}}
    yield "message_stop", {"type": "message_stop"}


def responses(count):
    response = {"id": "resp_77", "object": "response", "created_at": 1700000000, "status": "in_progress", "model": "cheap", "output": [],
                "parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    number = iter(range(10 ** 9))

    def event(kind, **fields):
        return kind, {"type": kind, "sequence_number": next(number), **fields}

    yield event("response.created", response=response)
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    yield event("response.output_item.added", output_index=0, item=item)
    part = {"type": "output_text", "text": "", "annotations": []}
    yield event("response.content_part.added", item_id="msg_1", output_index=0, content_index=0, part=part)
    for _ in range(count):
        yield event("response.output_text.delta", item_id="msg_1", output_index=0, content_index=0, delta=WORD)


def gemini(count):
    for _ in range(count):
        yield "", {"candidates": [{"content": {"parts": [{"text": WORD}], "role": "model"}, "index": 0}], "modelVersion": "cheap",
                   "responseId": "gem77"}


DIALECTS = {"openai": chat, "anthropic": anthropic, "responses": responses, "gemini": gemini}


class Endless:
    """Streams `count` words, a few at a time; `sent` is how many were written before the client went away."""

    def __init__(self, dialect, count=4000, at_once=8, pause=0.004):
        outer = self
        self.sent, self.bodies, self.dialect = 0, [], dialect

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                outer.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                outer.sent = 0
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("connection", "close")
                self.end_headers()
                self.close_connection = True
                end = b"\r\n" if dialect == "gemini" else b"\n"
                pending, words = b"", 0
                try:
                    for name, data in DIALECTS[dialect](count):
                        pending += (b"event: " + name.encode() + end) if name else b""
                        pending += b"data: " + json.dumps(data).encode() + end + end
                        words += WORD in json.dumps(data)
                        if words < at_once:
                            continue
                        # Cut somewhere inside the last event: a read does not end where an event does.
                        self.wfile.write(pending[:-7])
                        self.wfile.flush()
                        outer.sent += words
                        pending, words = pending[-7:], 0
                        time.sleep(pause)
                    self.wfile.write(pending + (b"data: [DONE]\n\n" if dialect == "openai" else b""))
                    outer.sent += words
                except OSError:
                    pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
