"""A pretend provider of Gemini's dialect: one answer with a thought, a text and two signed calls, whole or streamed."""
import json

from answering import Answering, Provider
from gateway import CATALOG, Gateway, config

USAGE = {"promptTokenCount": 400, "cachedContentTokenCount": 300, "candidatesTokenCount": 40, "thoughtsTokenCount": 10,
         "toolUsePromptTokenCount": 20, "totalTokenCount": 470}
CALLS = [{"functionCall": {"id": "fc_1", "name": "clock", "args": {"zone": "UTC"}}, "thoughtSignature": "U2lnPT0="},
         {"functionCall": {"id": "fc_2", "name": "clock", "args": {"zone": "CET"}}}]
PARTS = [{"text": "Hm.", "thought": True}, {"text": "It is 12:30."}, *CALLS]
SPEND = (120 + 2 * 50) * 1000 + 300 * 1000  # nano-dollars, at a price of 1 and 2 dollars a million, cached ones as input


def document(parts, finish=None, usage=USAGE):
    candidate = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-test", "responseId": "resp_1"}


def answered(body):
    """Does the last content answer calls? Then there is only something to say."""
    return any("functionResponse" in part for part in json.loads(body)["contents"][-1].get("parts", []))


def stream_of(finish="STOP", cut=False, calls=True):
    yield document([PARTS[0]], usage={"promptTokenCount": 400, "totalTokenCount": 400})
    yield document([{"text": "It is "}])
    yield document([{"text": "12:30."}])
    if calls:
        yield document(CALLS)
    if not cut:
        yield document([{"text": ""}], finish)


class Gemini(Provider):
    """A provider that speaks generateContent, and remembers what it was asked: (path, head, body)."""

    def __init__(self):
        outer = self
        self.requests, self.error, self.cut, self.finish, self.told = [], None, False, "STOP", b""
        self.bad_keys = {}  # key: error

        class Handler(Answering):
            def do_POST(self):
                head, body = self.asked()
                outer.requests.append((self.path, head, body))
                error = outer.bad_keys.get(self.headers["x-goog-api-key"], outer.error)
                if error:
                    code, word, details = error
                    return self.tell(code, {"error": {"code": code, "message": "so it is", "status": word, "details": details}})
                calls = not answered(body)
                if ":generateContent" in self.path:
                    return self.tell(200, document(PARTS if calls else PARTS[:2], outer.finish))
                self.begin_stream()
                outer.told = b"".join(b"data: %s\r\n\r\n" % json.dumps(d).encode() for d in stream_of(outer.finish, outer.cut, calls))
                self.wfile.write(outer.told)

            def tell(self, status, answer):
                self.whole(status, answer, {"content-type": "application/json; charset=UTF-8"}, keep=outer)

        self.serve(Handler)


def gemini_gateway(provider, more="", keys=()):
    """`cheap` is served by a model of the third generation, which wants its signatures back."""
    text = config({"one": (provider.port, ["cheap"])}, budgets="[{ limit: $10, per: month }]", more=more)
    text = text.replace("one: { base_url", "one: { dialect: gemini, rename: { cheap: gemini-3-flash }, base_url")
    if keys:
        names = json.dumps([f"${{env:KEY_{key[3:].upper()}}}" for key in keys])
        text = text.replace("workers: 2\n", "").replace('["${env:TEST_PROVIDER_KEY}"]', names)
    environment = {f"KEY_{key[3:].upper()}": key for key in keys}
    return Gateway(text.replace("/v1\"", "/v1beta\""), CATALOG, None, {"TEST_PROVIDER_KEY": "sk-provider-canary", **environment})
