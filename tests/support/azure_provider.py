"""A pretend Azure OpenAI: both path styles, its first chunk without choices, its errors."""
import json

from answering import Answering, Provider

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


class Azure(Provider):
    """Answers any path; `requests` holds (path, head, body), `errors` what comes instead: (status, head, body), used up."""

    def __init__(self):
        outer = self
        self.requests, self.errors, self.told, self.head = [], [], b"", {}

        class Handler(Answering):
            def do_POST(self):
                head, body = self.asked()
                body = json.loads(body)
                outer.requests.append((self.path, head, body))
                if outer.errors:
                    status, head, answer = outer.errors.pop(0)
                    return self.tell(status, answer, head)
                if not body.get("stream"):
                    return self.tell(200, completion(), outer.head)
                usage = body.get("stream_options", {}).get("include_usage")
                lines = [json.dumps(chunk) for chunk in chunks(usage)] + ["[DONE]"]
                outer.told = "".join(f"data: {line}\n\n" for line in lines).encode()
                self.begin_stream("text/event-stream; charset=utf-8")
                self.wfile.write(outer.told)

            def tell(self, status, answer, head):
                self.whole(status, answer, head, keep=outer)

        self.serve(Handler)
