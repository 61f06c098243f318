"""A pretend provider that binds what it signs to the key and the model that made it, as vendors do to organisation and model: a request
with anything else signed is refused. Speaks Messages, Responses and Chat (with OpenRouter's reasoning_details)."""
import base64
import collections
import json
import os
import re

from answering import Answering, Provider
from gateway import CATALOG, KEY, Gateway, config

KEYS = ("sk-account-one", "sk-account-two")


def signed(key, model):
    """As Anthropic's: a protobuf that names the model in clear, with something of the account behind it."""
    name = model.encode()
    inner = b"\x08\x0d\x10\x01\x18\x02\x2a\x40" + os.urandom(64) + b"\x32" + bytes([len(name)]) + name + b"\x38\x00" + key.encode()
    inner = b"\x0a" + bytes([len(inner)]) + inner
    return base64.b64encode(b"\x12" + bytes([len(inner) & 0x7F | 0x80, len(inner) >> 7]) + inner).decode()


class Binding(Provider):
    def __init__(self, dialect, quiet=False):
        """`quiet`: its state says nothing of the model, so that nobody can read it there."""
        outer = self
        self.dialect, self.quiet = dialect, quiet
        self.requests = []  # (key, model, what was signed in it)
        self.refused = {}  # key: (status, head, body)
        self.wrong = 0
        self.made = collections.defaultdict(set)  # (key, model): what was signed for them, each time anew

        class Handler(Answering):
            def do_POST(self):
                head, body = self.asked()
                key = head.get("x-api-key") or head["authorization"].removeprefix("Bearer ")
                asked = json.loads(body)
                found = re.findall(r'"(?:signature|encrypted_content)": ?"([^"]+)"', body.decode())
                outer.requests.append((key, asked["model"], found))
                if key in outer.refused:
                    status, more, error = outer.refused[key]
                    return self.whole(status, {"type": "error", "error": {"type": error, "message": error}}, more)
                if any(one not in outer.made[key, asked["model"]] for one in found):
                    outer.wrong += 1
                    return self.whole(400, outer.refusal())
                mine = outer.state(key, asked["model"])
                outer.made[key, asked["model"]].add(mine)
                if asked.get("stream"):
                    self.begin_stream()
                    return self.wfile.write(outer.events(outer.answer(asked, mine)))
                return self.whole(200, outer.answer(asked, mine))

        self.serve(Handler)

    def state(self, key, model):
        if self.dialect in ("anthropic", "openai") and not self.quiet:
            return signed(key, model)
        return base64.urlsafe_b64encode(f"gAAA {key} {model}".encode() + os.urandom(20)).decode()

    def refusal(self):
        if self.dialect in ("anthropic", "openai"):
            return {"type": "error", "error": {"type": "invalid_request_error",
                                               "message": "messages.1.content.0: Invalid `signature` in `thinking` block"}}
        return {"error": {"message": "The encrypted content gAAA...DQ== could not be verified.", "type": "invalid_request_error",
                          "param": None, "code": "invalid_encrypted_content"}}

    @staticmethod
    def events(answer):
        """An answer of Messages as a stream."""
        blocks = []
        for i, block in enumerate(answer["content"]):
            if block["type"] == "thinking":
                empty = {**block, "thinking": "", "signature": ""}
                deltas = [{"type": "thinking_delta", "thinking": block["thinking"]}, {"type": "signature_delta", "signature": block["signature"]}]
            else:
                empty, deltas = {**block, "text": ""}, [{"type": "text_delta", "text": block["text"]}]
            blocks += [{"type": "content_block_start", "index": i, "content_block": empty},
                       *({"type": "content_block_delta", "index": i, "delta": delta} for delta in deltas),
                       {"type": "content_block_stop", "index": i}]
        events = [{"type": "message_start", "message": {**answer, "content": [], "stop_reason": None}}, *blocks,
                  {"type": "message_delta", "delta": {"stop_reason": answer["stop_reason"], "stop_sequence": None}, "usage": answer["usage"]},
                  {"type": "message_stop"}]
        return "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events).encode()

    def answer(self, asked, state):
        if self.dialect == "anthropic":
            return {"id": "msg_1", "type": "message", "role": "assistant", "model": asked["model"], "stop_reason": "end_turn",
                    "stop_sequence": None, "usage": {"input_tokens": 50, "output_tokens": 10},
                    "content": [{"type": "thinking", "thinking": "Hm.", "signature": state}, {"type": "text", "text": "So."}]}
        if self.dialect == "openai":
            details = [{"type": "reasoning.text", "text": "Hm.", "signature": state, "format": "anthropic-claude-v1", "index": 0}]
            return {"id": "gen-1", "object": "chat.completion", "created": 1, "model": asked["model"],
                    "choices": [{"index": 0, "finish_reason": "stop",
                                 "message": {"role": "assistant", "content": "So.", "reasoning": "Hm.", "reasoning_details": details}}],
                    "usage": {"prompt_tokens": 50, "completion_tokens": 10, "total_tokens": 60}}
        return {"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "error": None, "incomplete_details": None,
                "model": asked["model"], "parallel_tool_calls": True, "tools": [], "tool_choice": "auto",
                "usage": {"input_tokens": 50, "output_tokens": 10, "total_tokens": 60},
                "output": [{"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}],
                            "encrypted_content": state},
                           {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
                            "content": [{"type": "output_text", "annotations": [], "text": "So."}]}]}


MODELS = CATALOG.replace("  cheap:", "  claude-cheap-5:").replace("  dear:", "  claude-dear-5:")
SWAPPED = MODELS.replace("input: 10, output: 20", "input: 0.1, output: 0.2")  # now the dear one is cheaper


def binding_gateway(providers, keys=KEYS, more="", catalog=MODELS, models="*"):
    """`providers`: {name: Binding}."""
    text = config({name: (one.port, [models]) for name, one in providers.items()}, more=more + "\npolicies: []\n", workers=1)
    names = ", ".join(f'"${{env:TEST_KEY_{i}}}"' for i in range(len(keys)))
    for name, one in providers.items():
        url = f":{one.port}" if one.dialect == "anthropic" else f":{one.port}/v1"
        text = text.replace(f'  {name}: {{ base_url: "http://127.0.0.1:{one.port}/v1", keys: ["${{env:TEST_PROVIDER_KEY}}"]',
                            f'  {name}: {{ dialect: {one.dialect}, base_url: "http://127.0.0.1{url}", keys: [{names}]')
    return Gateway(text, catalog, None, {f"TEST_KEY_{i}": key for i, key in enumerate(keys)})


class Conversation:
    """One client's, in Messages, Responses or Chat; what it was given goes back as it came. `stream`: of Messages only."""

    def __init__(self, gateway, dialect, name, model="auto", stream=False, session=None):
        self.gateway, self.dialect, self.model, self.stream = gateway, dialect, model, stream
        self.head = {"x-steelyard-session": session} if session else None
        self.turns = []
        self.name = name

    def ask(self):
        """(status, headers, document)"""
        asked = self.turns + [{"role": "user", "content": f"{self.name}: go on"}]
        if self.dialect == "anthropic":
            path, body = "/v1/messages", {"max_tokens": 2000, "messages": asked, "thinking": {"type": "adaptive"}}
        elif self.dialect == "openai":
            path, body = "/v1/chat/completions", {"max_tokens": 2000, "messages": asked, "reasoning_effort": "low"}
        else:
            path, body = "/v1/responses", {"input": asked, "store": False, "include": ["reasoning.encrypted_content"],
                                           "reasoning": {"effort": "low"}}
        if self.stream:
            body["stream"] = True
        status, headers, data = self.gateway.chat({"model": self.model, **body}, path=path, key=KEY, headers=self.head)
        document = streamed(data) if self.stream and status == 200 else json.loads(data)
        if status == 200:
            if self.dialect == "anthropic":
                said = [{"role": "assistant", "content": document["content"]}]
            elif self.dialect == "openai":
                said = [document["choices"][0]["message"]]
            else:
                said = document["output"]
            self.turns = asked + said
        return status, headers, document


def streamed(data):
    """The content of a streamed message."""
    blocks = []
    for event in (json.loads(line[6:]) for line in data.decode().splitlines() if line.startswith("data: ")):
        if event["type"] == "content_block_start":
            blocks.append(event["content_block"])
        for key in ("thinking", "signature", "text"):
            if key in event.get("delta", {}):
                blocks[event["index"]][key] += event["delta"][key]
    return {"content": blocks}
