"""A pretend Azure OpenAI: both path styles, its first chunk without choices, its errors."""
import http.server
import json
import threading

USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
         "prompt_tokens_details": {"cached_tokens": 40, "audio_tokens": 0}}
SAFE = {"hate": {"filtered": False, "severity": "safe"}}
FILTERED = {"error": {"message": "The response was filtered", "type": None, "param": "prompt", "code": "content_filter", "status": 400,
                      "innererror": {"code": "ResponsibleAIPolicyViolation",
                                     "content_filter_result": {"jailbreak": {"filtered": True, "detected": True}}}}}
LIMITED = {"error": {"code": "RateLimitReached", "message": "Requests to this deployment have exceeded the token rate limit."}}


def chunks(include_usage):
    base = {"id": "chatcmpl-a1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-2024-11-20", "system_fingerprint": "fp"}
    yield {"choices": [], "created": 0, "id": "", "model": "", "object": "",
           "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": SAFE}]}
    for delta in ({"role": "assistant", "content": ""}, {"content": "Good "}, {"content": "day."}):
        yield {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None, "logprobs": None, "content_filter_results": SAFE}]}
    yield {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "logprobs": None, "content_filter_results": {}}]}
    # What the asynchronous filter appends.
    yield {"id": "", "object": "", "created": 0, "model": "", "choices": [{"index": 0, "finish_reason": None, "content_filter_offsets": {
        "check_offset": 44, "start_offset": 44, "end_offset": 54}, "content_filter_results": SAFE}]}
    if include_usage:
        yield {**base, "choices": [], "usage": USAGE}


def completion():
    return {"id": "chatcmpl-a1", "object": "chat.completion", "created": 1, "model": "gpt-4o-2024-11-20", "usage": USAGE,
            "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": SAFE}],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Good day.", "refusal": None}, "finish_reason": "stop",
                         "logprobs": None, "content_filter_results": SAFE}]}


class Azure:
    """Answers any path; `requests` holds (path, head, body), `errors` what comes instead: (status, head, body), used up."""

    def __init__(self):
        outer = self
        self.requests, self.errors, self.told, self.head = [], [], b"", {}

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                if outer.errors:
                    status, head, answer = outer.errors.pop(0)
                    return self.whole(status, answer, head)
                if not body.get("stream"):
                    return self.whole(200, completion(), outer.head)
                usage = body.get("stream_options", {}).get("include_usage")
                lines = [json.dumps(chunk) for chunk in chunks(usage)] + ["[DONE]"]
                outer.told = "".join(f"data: {line}\n\n" for line in lines).encode()
                self.send_response(200)
                self.send_header("content-type", "text/event-stream; charset=utf-8")
                self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(outer.told)
                self.close_connection = True

            def whole(self, status, answer, head):
                outer.told = json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {"content-type": "application/json", "content-length": str(len(outer.told)), **head}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(outer.told)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
