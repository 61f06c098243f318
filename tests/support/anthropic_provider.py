"""A pretend provider of Anthropic's dialect: one answer with a thought, a text and a call, whole or streamed."""
import json

from answering import Answering, Provider
from gateway import CATALOG, Gateway, config

USAGE = {"input_tokens": 100, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 300, "output_tokens": 1}
BLOCKS = [{"type": "thinking", "thinking": "Hm.", "signature": "Sig=="}, {"type": "text", "text": "It is 12:30."},
          {"type": "tool_use", "id": "toolu_1", "name": "clock", "input": {"zone": "UTC"}}]


def stream_of(stop="tool_use", cut=False):
    yield "message_start", {"message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-test",
                                        "content": [], "stop_reason": None, "stop_sequence": None, "usage": USAGE}}
    empty = [{"type": "thinking", "thinking": "", "signature": ""}, {"type": "text", "text": ""},
             {"type": "tool_use", "id": "toolu_1", "name": "clock", "input": {}}]
    deltas = [[{"type": "thinking_delta", "thinking": "Hm."}, {"type": "signature_delta", "signature": "Sig=="}],
              [{"type": "text_delta", "text": "It is "}, {"type": "text_delta", "text": "12:30."}],
              [{"type": "input_json_delta", "partial_json": ""}, {"type": "input_json_delta", "partial_json": '{"zone": "UTC"}'}]]
    yield "ping", {}
    for index, block in enumerate(empty):
        yield "content_block_start", {"index": index, "content_block": block}
        for delta in deltas[index]:
            yield "content_block_delta", {"index": index, "delta": delta}
        if cut:
            return
        yield "content_block_stop", {"index": index}
    yield "message_delta", {"delta": {"stop_reason": stop, "stop_sequence": None}, "usage": {**USAGE, "output_tokens": 50}}
    yield "message_stop", {}


class Anthropic(Provider):
    """A provider that speaks /v1/messages, and remembers what it was asked."""

    def __init__(self):
        outer = self
        self.requests, self.status, self.cut, self.told = [], 200, False, b""

        class Handler(Answering):
            def do_POST(self):
                head, body = self.asked()
                outer.requests.append((self.path, head, body))
                asked = json.loads(body)
                if outer.status != 200:
                    return self.tell(outer.status, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
                if not asked.get("stream"):
                    return self.tell(200, {"id": "msg_1", "type": "message", "role": "assistant", "model": asked.get("model", "claude-test"),
                                            "content": BLOCKS, "stop_reason": "tool_use", "stop_sequence": None,
                                            "usage": {**USAGE, "output_tokens": 50}})
                self.begin_stream()
                outer.told = b"".join(b"event: %s\ndata: %s\n\n" % (name.encode(), json.dumps({"type": name, **data}).encode())
                                      for name, data in stream_of(cut=outer.cut))
                self.wfile.write(outer.told)

            def tell(self, status, document):
                self.whole(status, document, keep=outer)

        self.serve(Handler)


def anthropic_gateway(provider, more=""):
    text = config({"one": (provider.port, ["*"])}, budgets="[{ limit: $10, per: month }]", more=more)
    text = text.replace("one: { base_url", "one: { dialect: anthropic, base_url")
    return Gateway(text, CATALOG, None, {"TEST_PROVIDER_KEY": "sk-provider-canary"})
