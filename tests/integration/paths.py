#!/usr/bin/env python3
"""The paths beside chat: embeddings, legacy completions, pass-through, model lists, probes, forwarded counts, stored responses,
losses told or refused, signs of life."""
import base64
import hashlib
import http.client
import json
import pathlib
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from answering import Answering, Provider  # noqa: E402
from anthropic_provider import Anthropic  # noqa: E402
from gateway import CATALOG, KEY, Cases, Gateway, Mock, config, events, message, running, speaking, start  # noqa: E402

VECTORS = """
  vectors:
    vendor: Test
    context: 8192
    can: embeddings
    prices: [{ input: 5, output: 0, source: test }]
"""


class Scripted(Provider):
    """A provider that answers with what it was told to, and remembers what it was asked."""

    def __init__(self, answer):
        outer = self
        self.answer, self.requests, self.chunks = answer, [], None

        class Handler(Answering):
            def any(self):
                head, body = self.asked()
                outer.requests.append((self.command, self.path, head, body))
                status, headers, told = outer.answer(self.command, self.path, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if isinstance(told, bytes):
                    self.send_header("content-length", str(len(told)))
                    self.end_headers()
                    if self.command != "HEAD":
                        self.wfile.write(told)
                    return
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for piece in told:
                    if isinstance(piece, float):
                        self.wfile.flush()
                        time.sleep(piece)
                        continue
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    self.wfile.flush()
                self.wfile.write(b"0\r\n\r\n")

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = any

        self.serve(Handler)


def whole(document, status=200, **headers):
    return status, {"content-type": "application/json", **headers}, json.dumps(document).encode()


def open_gateway(provider, dialect="openai", team_more="", **parts):
    return speaking(provider, dialect, CATALOG + VECTORS, team=team_more, **parts)


def request(gateway, method, path, body=None, headers=None, key=KEY):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    fields = dict(headers or {})
    if key:
        fields["authorization"] = "Bearer " + key
    if isinstance(body, (dict, list)):
        body, fields["content-type"] = json.dumps(body), "application/json"
    connection.request(method, path, body, fields)
    answer = connection.getresponse()
    data = answer.read()
    found = {name.lower(): value for name, value in answer.getheaders()}
    connection.close()
    return answer.status, found, data


def error_of(data):
    return json.loads(data)["error"]


# Embeddings


def vectors_of(texts, usage):
    data = [{"object": "embedding", "index": i, "embedding": [0.5, -0.25, len(t)]} for i, t in enumerate(texts)]
    return {"object": "list", "data": data, "model": "their-name", "usage": {"prompt_tokens": usage, "total_tokens": usage}}


def test_embeddings_pass_as_they_are_and_are_billed():
    provider = Scripted(lambda method, path, body: whole(vectors_of(["a", "bb"], 7)))
    gateway = open_gateway(provider)
    with running(provider, gateway):
        status, headers, data = request(gateway, "POST", "/v1/embeddings",
                                        '{"input": ["a", "b\\u00e9"],  "model":"vectors", "x": 1.50, "dimensions": 3}')
        assert status == 200, data
        assert json.loads(data) == vectors_of(["a", "bb"], 7) and headers["x-steelyard-model"] == "vectors", headers
        method, path, fields, body = provider.requests[0]
        assert (method, path) == ("POST", "/v1/embeddings") and fields["authorization"] == "Bearer sk-provider-canary"
        assert body == b'{"input": ["a", "b\\u00e9"],  "model":"vectors", "x": 1.50, "dimensions": 3}', body
        [receipt] = gateway.receipts(1)
        assert receipt["call_type"] == "embeddings" and receipt["spend_nano_usd"] == 7 * 5000, receipt
        assert receipt["prompt_tokens"] == 7 and receipt["usage_source"] == "provider", receipt
        assert headers["x-steelyard-cost-usd"] == "0.000035" and "x-steelyard-budget-remaining-usd" in headers, headers
        assert gateway.budgets()["acme"]["posted_nano_usd"] == 35000, gateway.budgets()


def test_embeddings_of_a_provider_that_speaks_gemini():
    provider = Scripted(lambda method, path, body: whole({"embeddings": [{"values": [0.5, -0.25]}, {"values": [1, 2]}]}))
    gateway = open_gateway(provider, "gemini")
    with running(provider, gateway):
        status, headers, data = request(gateway, "POST", "/v1/embeddings",
                                        {"model": "vectors", "input": ["one", "two"], "dimensions": 2, "encoding_format": "base64",
                                         "user": "u", "truncate": "END"})
        assert status == 200 and headers["x-steelyard-dropped-fields"] == "user,fields,field.truncate", (headers, data)
        answer = json.loads(data)
        floats = [struct.unpack("<2f", base64.b64decode(item["embedding"])) for item in answer["data"]]
        assert floats == [(0.5, -0.25), (1.0, 2.0)] and answer["model"] == "vectors", answer
        _, path, fields, body = provider.requests[0]
        assert path == "/v1beta/models/vectors:batchEmbedContents" and fields["x-goog-api-key"] == "sk-provider-canary"
        assert json.loads(body)["requests"][0] == {"model": "models/vectors", "content": {"parts": [{"text": "one"}]},
                                                   "outputDimensionality": 2}, body
        [receipt] = gateway.receipts(1)
        assert receipt["usage_source"] == "estimated" and receipt["spend_nano_usd"] > 0, receipt
        status, _, data = request(gateway, "POST", "/v1/embeddings", {"model": "vectors", "input": [1, 2, 3]})
        assert status == 400 and "`/input`" in error_of(data)["message"], data


def test_gemini_clients_of_embeddings():
    provider = Scripted(lambda method, path, body: whole(vectors_of(["x"], 3)))
    gateway = open_gateway(provider)
    with running(provider, gateway):
        status, headers, data = request(gateway, "POST", "/v1beta/models/vectors:embedContent",
                                        {"content": {"parts": [{"text": "x"}]}, "taskType": "RETRIEVAL_QUERY"})
        assert status == 200 and json.loads(data) == {"embedding": {"values": [0.5, -0.25, 1]}}, data
        assert headers["x-steelyard-dropped-fields"] == "fields,field.taskType", headers
        assert json.loads(provider.requests[0][3]) == {"model": "vectors", "input": ["x"], "encoding_format": "float"}
        status, _, data = request(gateway, "POST", "/v1/models/vectors:batchEmbedContents",
                                  {"requests": [{"content": {"parts": [{"text": "x"}]}}]})
        assert status == 200 and json.loads(data) == {"embeddings": [{"values": [0.5, -0.25, 1]}]}, data
        status, _, data = request(gateway, "POST", "/v1beta/models/vectors:embedContent", {"content": {}})
        assert status == 400 and error_of(data)["status"] == "INVALID_ARGUMENT" and "/content" in error_of(data)["message"], data
        status, _, data = request(gateway, "POST", "/v1beta/models/vectors:embedContent", {"content": {"parts": [{"text": "x"}]}, "title": 7})
        assert status == 400 and "`/title`" in error_of(data)["message"], data
        assert len(gateway.receipts(4)) == 4


def test_embeddings_whose_key_is_refused():
    provider = Scripted(lambda *_: whole({"error": {"message": "Incorrect API key provided: sk-provider-canary"}}, 401))
    gateway = open_gateway(provider)
    with running(provider, gateway):
        status, _, data = request(gateway, "POST", "/v1/embeddings", {"model": "vectors", "input": "x"})
        assert status == 502 and error_of(data)["message"].endswith("Incorrect API key provided: ***"), (status, data)


def test_bad_embedding_requests_name_the_place():
    provider = Scripted(lambda method, path, body: whole({}))
    gateway = open_gateway(provider, budgets="[{ limit: $0.000001, per: day }]")
    with running(provider, gateway):
        for body, status, words in (({"model": "vectors"}, 400, "`/input`"), ({"input": "x"}, 400, "`/model`"),
                                    ({"model": "vectors", "input": []}, 400, "`/input`"),
                                    ({"model": "vectors", "input": ["a", 1]}, 400, "`/input/1`"),
                                    ({"model": "vectors", "input": "x", "encoding_format": "hex"}, 400, "`/encoding_format`"),
                                    ({"model": "nobody", "input": "x"}, 404, "no model"),
                                    ({"model": "cheap", "input": "x"}, 400, "makes no embeddings"),
                                    ({"model": "vectors", "input": "many words " * 50}, 429, "budget `acme`")):
            got, headers, data = request(gateway, "POST", "/v1/embeddings", body)
            assert got == status and words in error_of(data)["message"], (body, data)
        assert provider.requests == [] and headers["x-should-retry"] == "false" and int(headers["retry-after"]) > 0
        status, _, data = gateway.chat(message(model="vectors"))
        assert status >= 400 and provider.requests == [], data


def test_another_provider_of_the_model_steps_in():
    first, second = Scripted(lambda *_: whole({"error": {"message": "x"}}, 500)), Scripted(lambda *_: whole(vectors_of(["x"], 1)))
    gateway = Gateway(config({"one": (first.port, ["*"]), "two": (second.port, ["*"])}, budgets="[{ limit: $1, per: day }]"),
                      CATALOG + VECTORS, None, {"TEST_PROVIDER_KEY": "x"})
    with running(first, second, gateway):
        status, headers, data = request(gateway, "POST", "/v1/embeddings", {"model": "vectors", "input": "x"})
        assert status == 200 and headers["x-steelyard-provider"] == "two" and headers["x-steelyard-attempts"] == "2", headers
        second.answer = lambda *_: whole({"error": {"message": "Too long."}}, 400)
        status, headers, data = request(gateway, "POST", "/v1/embeddings", {"model": "vectors", "input": "x"})
        assert status == 400 and error_of(data)["message"] == "Too long.", data
        assert sorted(r["spend_nano_usd"] for r in gateway.receipts(2)) == [0, 5000]


# Legacy completions


def test_legacy_completions_are_passed_and_billed():
    usage = {"prompt_tokens": 4, "completion_tokens": 3, "total_tokens": 7}
    text = {"id": "cmpl-1", "object": "text_completion", "choices": [{"text": "one two", "index": 0, "finish_reason": "stop"}]}
    frames = [b'data: {"id":"c","choices":[{"text":"one "}]}\n\n', b'data: {"id":"c","choices":[{"te', b'xt":"two"}]}\n\n',
              b"data: [DONE]\n\n"]

    def answer(method, path, body):
        return (200, {"content-type": "text/event-stream"}, frames) if json.loads(body).get("stream") else whole({**text, "usage": usage})

    provider = Scripted(answer)
    gateway = open_gateway(provider)
    with running(provider, gateway):
        status, headers, data = request(gateway, "POST", "/v1/completions", {"model": "cheap", "prompt": "once upon", "max_tokens": 9})
        assert status == 200 and json.loads(data) == {**text, "usage": usage} and headers["x-steelyard-model"] == "cheap", data
        status, _, data = request(gateway, "POST", "/v1/completions", {"model": "cheap", "prompt": ["a", "b"], "stream": True})
        assert status == 200 and data == b"".join(frames), data
        assert json.loads(provider.requests[1][3])["max_tokens"] == 16, provider.requests[1]
        second, first = sorted(gateway.receipts(2), key=lambda r: r["usage_source"])
        assert first["call_type"] == "completions" and first["spend_nano_usd"] == 4 * 1000 + 3 * 2000, first
        assert second["usage_source"] == "estimated" and 0 < second["completion_tokens"] <= 32, second
        # A stream that ends without its end is an error, said.
        provider.answer = lambda *_: (200, {"content-type": "text/event-stream"}, frames[:1])
        status, _, data = request(gateway, "POST", "/v1/completions", {"model": "cheap", "prompt": "x", "stream": True})
        assert status == 200 and "error" in json.loads(events(data)[-1]), data
        status, _, data = request(gateway, "POST", "/v1/completions", {"model": "cheap", "prompt": 5})
        assert status == 400 and "`/prompt`" in error_of(data)["message"], data


# Pass-through

RULES = """pass_through:
          - { provider: one, paths: ["/images/*"], price_per_call: $0.04 }
          - { provider: one, paths: ["/audio/*"], hold: $0.50 }
          - { provider: one, paths: ["/files", "/files/*"], methods: [GET, POST, DELETE], price_per_call: $0 }
          - { provider: one, paths: ["/moderations"] }"""


def test_pass_through_is_off_unless_allowed():
    provider = Scripted(lambda *_: whole({"ok": True}))
    gateway = open_gateway(provider)
    with running(provider, gateway):
        assert request(gateway, "POST", "/one/v1/images/generations", {})[0] == 403
        assert request(gateway, "POST", "/one/v1/images/generations", {}, key=None)[0] == 401
        assert request(gateway, "POST", "/two/v1/images/generations", {})[0] == 404
        assert provider.requests == []


def test_pass_through_lets_nothing_else_through():
    provider = Scripted(lambda *_: whole({"ok": True}))
    gateway = open_gateway(provider, team_more=RULES)
    with running(provider, gateway):
        for method, path, status in (("POST", "/one/v1/images/../chat/completions", 400), ("POST", "/one/v1/images/%2e%2e/files", 400),
                                     ("POST", "/one/v1/images%2fx", 400), ("POST", "/one/v1//images/x", 400),
                                     ("POST", "/one/v1/images/./x", 400), ("POST", "/one/v1/images/x;a", 400),
                                     ("POST", "/one/v1/images\\x", 400), ("POST", "/one/images/x?key=abc", 400),
                                     ("POST", "/one/v1/chat/completions", 403), ("POST", "/one/v1x/images/x", 403),
                                     ("POST", "/one/secret/images/x", 403), ("DELETE", "/one/v1/images/x", 403),
                                     ("PUT", "/one/v1/files/x", 403), ("POST", "/one/v1/filesx", 403), ("POST", "/one/", 403)):
            assert request(gateway, method, path, None if method == "DELETE" else b"{}")[0] == status, path
        upgrade = {"upgrade": "websocket", "sec-websocket-key": "x", "connection": "upgrade"}
        assert request(gateway, "GET", "/one/v1/files/x", headers=upgrade)[0] == 426
        assert provider.requests == []


def test_pass_through_by_price_by_usage_and_without_either():
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}

    def answer(method, path, body):
        if path.startswith("/v1/audio"):
            return whole({"text": "hello", "usage": usage} if b"cheap" in body else {"text": "hello"})
        return whole({"data": []}, 400 if b"bad" in body else 200, **{"x-request-id": "theirs", "set-cookie": "a=b"})

    provider = Scripted(answer)
    gateway = open_gateway(provider, team_more=RULES)
    with running(provider, gateway):
        status, headers, data = request(gateway, "POST", "/one/v1/images/generations?size=1", {"prompt": "cat"},
                                        {"x-secret": "mine", "accept": "application/json", "cookie": "c"})
        assert status == 200 and json.loads(data) == {"data": []} and headers["x-request-id"] == "theirs", data
        assert "set-cookie" not in headers
        _, path, fields, _ = provider.requests[0]
        assert path == "/v1/images/generations?size=1" and fields["authorization"] == "Bearer sk-provider-canary", fields
        assert "x-secret" not in fields and "cookie" not in fields and KEY not in str(fields), fields
        assert request(gateway, "POST", "/one/images/generations", {"prompt": "bad"})[0] == 400
        form = (b'--b\r\ncontent-disposition: form-data; name="model"\r\n\r\ncheap\r\n--b\r\n'
                b'content-disposition: form-data; name="file"; filename="a"\r\n\r\nRIFF\r\n--b--\r\n')
        form_type = {"content-type": "multipart/form-data; boundary=b"}
        assert request(gateway, "POST", "/one/v1/audio/transcriptions", form, form_type)[0] == 200
        assert provider.requests[2][3] == form and provider.requests[2][2]["content-type"] == form_type["content-type"]
        assert request(gateway, "POST", "/one/v1/audio/transcriptions", form.replace(b"cheap", b"other"), form_type)[0] == 200
        status, _, data = request(gateway, "POST", "/one/v1/moderations", {"input": "x"})
        assert status == 403 and "price_per_call" in error_of(data)["message"], data
        assert request(gateway, "GET", "/one/v1/files/f1")[0] == 200 and request(gateway, "DELETE", "/one/v1/files/f1")[0] == 200
        spent = [r["spend_nano_usd"] for r in gateway.receipts(7)]
        # Two workers write: in any order.
        assert sorted(spent) == [0, 0, 0, 0, 10 * 1000 + 5 * 2000, 40_000_000, 500_000_000], spent
        assert {r["call_type"] for r in gateway.receipts(7)} == {"pass_through"}
        assert gateway.budgets()["acme"]["posted_nano_usd"] == sum(spent)
        assert gateway.budgets()["acme"]["held_nano_usd"] == 0


def test_pass_through_is_refused_when_the_budget_has_no_room():
    provider = Scripted(lambda *_: whole({}))
    gateway = open_gateway(provider, team_more=RULES, budgets="[{ limit: $0.03, per: day }]")
    with running(provider, gateway):
        status, headers, data = request(gateway, "POST", "/one/v1/images/generations", {})
        assert status == 429 and error_of(data)["code"] == "budget_exceeded" and int(headers["retry-after"]) > 0, data
        assert provider.requests == []


def test_budgets_of_users_and_models_count_what_no_chat_plan_prices():
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}

    def answer(method, path, body):
        if path.endswith("/embeddings"):
            return whole({"object": "list", "model": "vectors", "usage": {"prompt_tokens": 4, "total_tokens": 4},
                          "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}]})
        return whole({"text": "hello", "usage": usage})

    budgets = ("trust_user: true\n        budgets: [{ each: user, limit: $0.60, per: day },"
               ' { model: "dall-*", limit: $0.05, per: day }, { limit: $100, per: day }]\n        ')
    provider = Scripted(answer)
    gateway = open_gateway(provider, team_more=budgets + RULES)
    with running(provider, gateway):
        def image(user, model, path="/one/v1/images/generations"):
            return request(gateway, "POST", path, {"prompt": "cat", "user": user, "model": model})

        assert image("ann", "dall-e-3")[0] == 200
        status, _, data = image("bob", "dall-e-2")  # the glob has $0.05, a picture costs $0.04
        assert status == 429 and error_of(data)["steelyard"]["budget"] == "acme/search/model:dall-*", data
        assert image("bob", "gpt-image-1")[0] == 200
        for path, said in (("/one/v1/images/models/dall-e-9:make", "model:dall-*"),):
            status, _, data = request(gateway, "POST", path, {"prompt": "x"})
            assert status == 429 and said in error_of(data)["steelyard"]["budget"], data
        form = (b'--b\r\ncontent-disposition: form-data; name="model"\r\n\r\ndall-e-3\r\n--b\r\n'
                b'content-disposition: form-data; name="file"; filename="a"\r\n\r\nRIFF\r\n--b--\r\n')
        form_type = {"content-type": "multipart/form-data; boundary=b"}
        assert request(gateway, "POST", "/one/v1/images/edits", form, form_type)[0] == 429
        edit = form.replace(b"dall-e-3", b"gpt-image-1")
        assert request(gateway, "POST", "/one/v1/images/edits", edit, form_type)[0] == 200 and provider.requests[-1][3] == edit
        twice = form.replace(b"RIFF", b'\r\n"model": "other", RIFF')
        status, _, data = request(gateway, "POST", "/one/v1/images/edits", twice, form_type)
        assert status == 400 and "several models" in error_of(data)["message"], data
        # Each of them has $0.60, whatever they spend it on; Anthropic's bodies name the user elsewhere.
        assert request(gateway, "POST", "/one/v1/audio/speech", {"metadata": {"user_id": "eve"}})[0] == 200  # holds $0.50
        status, _, data = request(gateway, "POST", "/one/v1/audio/speech", {"metadata": {"user_id": "eve"}})
        assert status == 429 and error_of(data)["steelyard"]["budget"] == "acme/search/user:eve", data
        body = {"model": "vectors", "input": "x", "user": "fay"}
        assert request(gateway, "POST", "/v1/embeddings", body)[0] == 200
        found = gateway.budgets()
        assert found["acme/search/user:fay"]["posted_nano_usd"] > 0 and found["acme/search/user:fay"]["held_nano_usd"] == 0
        assert found["acme/search/model:dall-*"]["posted_nano_usd"] == 40_000_000
        assert all(b["held_nano_usd"] == 0 for b in found.values()), found


def test_a_plan_counts_what_no_chat_plan_prices():
    def answer(method, path, body):
        if path.endswith("/embeddings"):
            return whole({"object": "list", "model": "vectors", "usage": {"prompt_tokens": 4, "total_tokens": 4},
                          "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}]})
        if path.endswith("/completions"):
            return whole({"choices": [{"text": "a"}], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}})
        return whole({"text": "hello", "usage": {"input_tokens": 10, "output_tokens": 5}}, 500 if b"bad" in body else 200)

    plan = ("plan: { included: [{ uses: 4, per: day }, { tokens: 1000, per: month }, { money: $1, per: month }] }\n        ")
    provider = Scripted(answer)
    gateway = open_gateway(provider, team_more=plan + RULES)
    with running(provider, gateway):
        def quota(name, receipts=None):
            gateway.receipts(receipts or len(provider.requests))  # by then all of them are settled
            found = gateway.budgets()["plan:acme/search/" + name]
            return found["posted_nano_usd"], found["held_nano_usd"]

        assert request(gateway, "POST", "/v1/embeddings", {"model": "vectors", "input": "x"})[0] == 200
        assert (quota("uses-day"), quota("tokens-month")) == ((1, 0), (4, 0))
        assert request(gateway, "POST", "/v1/completions", {"model": "cheap", "prompt": "x", "max_tokens": 9})[0] == 200
        assert (quota("uses-day"), quota("tokens-month")) == ((2, 0), (9, 0))
        assert request(gateway, "POST", "/one/v1/audio/speech", {"model": "cheap", "input": "bad"})[0] >= 500
        assert quota("uses-day") == (2, 0)  # an error that nobody bills is no use
        assert request(gateway, "POST", "/one/v1/audio/speech", {"model": "cheap"})[0] == 200
        assert request(gateway, "POST", "/one/v1/images/generations", {"prompt": "x"})[0] == 200
        assert quota("uses-day") == (4, 0) and quota("tokens-month")[0] >= 24
        spent = sum(r["spend_nano_usd"] for r in gateway.receipts(5))
        assert quota("money-month") == (spent, 0) and spent >= 40_000_000
        for path, body in (("/v1/embeddings", {"model": "vectors", "input": "x"}), ("/one/v1/images/generations", {"prompt": "x"}),
                           ("/v1/completions", {"model": "cheap", "prompt": "x"})):
            status, headers, data = request(gateway, "POST", path, body)
            assert status == 429 and "quota of 4 uses" in error_of(data)["message"], data
            assert int(headers["retry-after"]) > 0
        assert len(provider.requests) == 5 and quota("uses-day", 8) == (4, 0)  # the refused ones have receipts, too


def test_a_quota_of_tokens_holds_what_the_rule_of_a_path_says():
    provider = Scripted(lambda method, path, body: whole({"text": "hello", "usage": {"input_tokens": 60, "output_tokens": 20}}))
    plan = "plan: { included: [{ tokens: 250, per: month }] }\n        "
    rules = RULES.replace('paths: ["/audio/*"]', 'paths: ["/audio/*"], hold_tokens: 100')
    assert rules != RULES
    gateway = open_gateway(provider, team_more=plan + rules)
    with running(provider, gateway):
        statuses = []
        for n in range(4):
            statuses.append(request(gateway, "POST", "/one/v1/audio/speech", {"model": "cheap"})[0])
            gateway.receipts(n + 1)
        found = gateway.budgets()["plan:acme/search/tokens-month"]
        # 80 each: with 90 left there is no room for 100, so the quota is never passed.
        assert statuses == [200, 200, 429, 429], statuses
        assert (found["posted_nano_usd"], found["held_nano_usd"]) == (160, 0), found


def test_bodies_pass_as_they_come_both_ways():
    size, seen = 48 << 20, {}

    def answer(method, path, body):
        seen["hash"], seen["size"] = hashlib.sha256(body).hexdigest(), len(body)
        return 200, {"content-type": "application/octet-stream"}, (bytes([i % 251]) * 65536 for i in range(400))

    provider = Scripted(answer)
    gateway = open_gateway(provider, team_more=RULES)
    with running(provider, gateway):
        def resident():
            return int(next(line for line in open(f"/proc/{gateway.process.pid}/status") if line.startswith("VmRSS")).split()[1])
        blob = bytes(range(256)) * (size // 256)
        before = resident()
        for chunked in (False, True):
            connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)
            body = (blob[i:i + 100_000] for i in range(0, size, 100_000)) if chunked else blob
            fields = {"authorization": "Bearer " + KEY, "content-type": "application/octet-stream"}
            if not chunked:
                fields["expect"] = "100-continue"
            connection.request("POST", "/one/v1/files", body, fields, encode_chunked=chunked)
            reply = connection.getresponse()
            data = reply.read()
            assert reply.status == 200 and data == b"".join(bytes([i % 251]) * 65536 for i in range(400))
            assert seen == {"hash": hashlib.sha256(blob).hexdigest(), "size": size}
            connection.request("GET", "/v1/models", headers={"authorization": "Bearer " + KEY})  # the same connection
            assert connection.getresponse().status == 200
            connection.close()
        assert resident() - before < 16_000, f"{resident() - before} kB more"


def test_a_refused_upload_and_the_gateways_own_key():
    provider = Scripted(lambda *_: whole({"error": {"message": "Incorrect API key provided: sk-provider-canary"}}, 401))
    gateway = open_gateway(provider, team_more=RULES, more="pass_through_body_max: 1KiB")
    with running(provider, gateway):
        status, _, data = request(gateway, "POST", "/one/v1/files", b"x" * 2000)
        assert status == 413 and provider.requests == [], data
        status, _, data = request(gateway, "POST", "/one/v1/files", b"x")
        assert status == 502 and b"canary" not in data, data


# Lists, probes, counts


def test_models_in_three_shapes_and_probes():
    mock = Mock("cheap,1,2")
    gateway = Gateway(config({"one": (mock.port, ["*"])}), CATALOG + VECTORS, None, {"TEST_PROVIDER_KEY": "x"})
    with running(mock, gateway):
        names = ["auto", "tier:standard", "cheap", "dear", "vectors"]
        listed = json.loads(request(gateway, "GET", "/v1/models")[2])
        assert listed["object"] == "list" and [m["id"] for m in listed["data"]] == names
        theirs = json.loads(request(gateway, "GET", "/v1/models?limit=1000", headers={"anthropic-version": "2023-06-01"})[2])
        assert [m["id"] for m in theirs["data"]] == names and theirs["has_more"] is False and theirs["last_id"] == names[-1]
        assert set(theirs["data"][0]) == {"type", "id", "display_name", "created_at"}
        for path, headers in (("/v1beta/models", {}), ("/v1/models", {"x-goog-api-key": KEY})):
            google = json.loads(request(gateway, "GET", path, headers=headers)[2])["models"]
            assert [m["name"] for m in google] == ["models/" + n for n in names]
            assert google[2]["inputTokenLimit"] == 128000 and "embedContent" in google[4]["supportedGenerationMethods"]
        one = json.loads(request(gateway, "GET", "/v1beta/models/cheap")[2])
        assert one["name"] == "models/cheap"
        for method, path in (("HEAD", "/"), ("HEAD", "/api/hello"), ("GET", "/api/hello")):
            status, headers, data = request(gateway, method, path, key=None)
            assert status == 200 and (method == "GET" or data == b""), (path, status, data)
        for path, shape in (("/api/event_logging/batch", "type"), ("/v1/messages/cache_touch", "type"), ("/v1beta/nothing", "error")):
            status, _, data = request(gateway, "POST", path, {}, key=None)
            assert status == 404 and shape in json.loads(data), data
        status, _, data = request(gateway, "GET", "/v1/models/nobody", headers={"anthropic-version": "2023-06-01"})
        assert status == 404 and json.loads(data)["error"]["type"] == "not_found_error", data


def test_counts_are_asked_of_the_provider_and_its_errors_open_no_breaker():
    def answer(method, path, body):
        if "count" not in path.lower():
            return whole({"id": "msg_1", "type": "message", "role": "assistant", "model": "cheap", "stop_reason": "end_turn",
                          "content": [{"type": "text", "text": "hi"}], "usage": {"input_tokens": 1, "output_tokens": 1}})
        return whole({"input_tokens": 4711}) if answer.well else whole({"type": "error"}, 500)

    answer.well = True
    provider = Scripted(answer)
    gateway = open_gateway(provider, "anthropic", more="breaker: { failures: 1, open: 1m }")
    body = {"model": "cheap", "messages": [{"role": "user", "content": "hello"}]}
    with running(provider, gateway):
        status, headers, data = request(gateway, "POST", "/v1/messages/count_tokens?beta=true", body, {"anthropic-beta": "x-1"})
        assert status == 200 and json.loads(data) == {"input_tokens": 4711}, data
        assert headers["x-steelyard-estimate-quality"] == "provider"
        _, path, fields, sent = provider.requests[0]
        assert path == "/v1/messages/count_tokens" and fields["anthropic-beta"] == "x-1" and json.loads(sent) == body
        answer.well = False
        for _ in range(3):
            status, headers, data = request(gateway, "POST", "/v1/messages/count_tokens", body)
            assert status == 200 and 0 < json.loads(data)["input_tokens"] < 100, data
            assert headers["x-steelyard-estimate-quality"] != "provider"
        assert request(gateway, "POST", "/v1/messages", {**body, "max_tokens": 5})[0] == 200


# Stored responses


def test_stored_responses_are_shown_to_their_owner_only():
    other_key = "sk-other-" + "3" * 32
    stored = {"id": "resp_1", "object": "response", "status": "completed", "model": "cheap", "output": [], "created_at": 1,
              "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}}

    def answer(method, path, body):
        if method == "DELETE":
            return whole({"id": "resp_1", "deleted": True})
        return whole({"data": []} if path.split("?")[0].endswith("input_items") else stored)

    provider = Scripted(answer)
    text = config({"one": (provider.port, ["*"])}, budgets="[{ limit: $1, per: day }]").replace(
        "one: { base_url", "one: { dialect: responses, base_url").replace(
        ", explain: true }]", f', explain: true }}]\n      sales:\n        keys: [{{ id: other, sha256: "{hashlib.sha256(other_key.encode()).hexdigest()}" }}]')
    gateway = Gateway(text, CATALOG, None, {"TEST_PROVIDER_KEY": "sk-provider-canary"})
    with running(provider, gateway):
        assert request(gateway, "POST", "/v1/responses", {"model": "cheap", "input": "hi"})[0] == 200
        for method, path in (("GET", "/v1/responses/resp_1?include[]=x"), ("GET", "/v1/responses/resp_1/input_items"),
                             ("POST", "/v1/responses/resp_1/cancel"), ("GET", "/responses/resp_1")):
            before = len(provider.requests)
            status, _, data = request(gateway, method, path, key=other_key)
            assert status == 404 and error_of(data)["code"] == "previous_response_not_found", data
            assert len(provider.requests) == before
            assert request(gateway, method, path)[0] == 200
            assert provider.requests[-1][:2] == (method, "/v1" + path.removeprefix("/v1")), provider.requests[-1]
        assert request(gateway, "GET", "/v1/responses/resp_1/../x")[0] == 404
        assert request(gateway, "PUT", "/v1/responses/resp_1")[0] == 405
        assert request(gateway, "DELETE", "/v1/responses/resp_1", key=other_key)[0] == 404
        assert request(gateway, "DELETE", "/v1/responses/resp_1")[0] == 200
        assert request(gateway, "GET", "/v1/responses/resp_1")[0] == 404  # forgotten


def test_conversations_belong_to_the_team_that_made_them():
    other_key = "sk-other-" + "3" * 32

    def answer(method, path, body):
        if path == "/v1/conversations":
            return whole({"id": "conv_1", "object": "conversation", "created_at": 1, "metadata": {}})
        if path.startswith("/v1/conversations"):
            return whole({"object": "list", "data": []})
        return whole({"id": "resp_2", "object": "response", "status": "completed", "model": "cheap", "output": [], "created_at": 1,
                      "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}})

    provider = Scripted(answer)
    text = config({"one": (provider.port, ["*"])}).replace("one: { base_url", "one: { dialect: responses, base_url").replace(
        ", explain: true }]", f', explain: true }}]\n      sales:\n        keys: [{{ id: other, sha256: "{hashlib.sha256(other_key.encode()).hexdigest()}" }}]')
    gateway = Gateway(text, CATALOG, None, {"TEST_PROVIDER_KEY": "x"})
    with running(provider, gateway):
        for conversation in ("conv_1", {"id": "conv_1"}):
            assert request(gateway, "POST", "/v1/responses", {"model": "cheap", "input": "x", "conversation": conversation})[0] == 404
        status, _, data = request(gateway, "POST", "/v1/conversations", {"metadata": {"a": "b"}})
        assert status == 200 and json.loads(data)["id"] == "conv_1" and json.loads(provider.requests[-1][3]) == {"metadata": {"a": "b"}}
        for conversation in ("conv_1", {"id": "conv_1"}):
            assert request(gateway, "POST", "/v1/responses", {"model": "cheap", "input": "x", "conversation": conversation})[0] == 200
        sent = len(provider.requests)
        assert request(gateway, "POST", "/v1/responses", {"model": "cheap", "input": "x", "conversation": "conv_1"}, key=other_key)[0] == 404
        for method, path, body in (("GET", "/v1/conversations/conv_1", None), ("POST", "/v1/conversations/conv_1", {"metadata": {}}),
                                   ("GET", "/v1/conversations/conv_1/items?limit=2", None), ("POST", "/v1/conversations/conv_1/items", {}),
                                   ("GET", "/v1/conversations/conv_1/items/msg_1", None), ("DELETE", "/v1/conversations/conv_1/items/msg_1", None)):
            assert request(gateway, method, path, body, key=other_key)[0] == 404
            assert len(provider.requests) == sent
            assert request(gateway, method, path, body)[0] == 200, path
            sent += 1
            assert provider.requests[-1][:2] == (method, path)
        assert request(gateway, "DELETE", "/v1/conversations/conv_1")[0] == 200
        assert request(gateway, "GET", "/v1/conversations/conv_1")[0] == 404


# Losses


def test_losses_are_told_counted_or_refused():
    policies = """policies:
  - name: strict
    when: { tag: [strict] }
    use: { on_loss: reject }
  - name: rest
    use: { tier: standard }
"""
    provider = Anthropic()
    gateway = speaking(provider, "anthropic", policies=policies)
    body = message(model="cheap", seed=7, logit_bias={"1": 2})
    with running(provider, gateway):
        status, headers, data = gateway.chat(body)
        assert status == 200 and headers["x-steelyard-dropped-fields"] == "seed,logit_bias", headers
        before = len(provider.requests)
        status, headers, data = gateway.chat(body, headers={"x-steelyard-tags": "strict"})
        assert status == 400 and "seed,logit_bias" in error_of(data)["message"], data
        assert error_of(data)["type"] == "invalid_request_error" and "`strict`" in error_of(data)["message"], data
        assert len(provider.requests) == before
        status, _, data = gateway.chat(message(model="cheap"), headers={"x-steelyard-tags": "strict"})
        assert status == 200, data
        told, refused, clean = sorted(gateway.receipts(3), key=lambda r: r["startTime"])
        assert told["dropped_fields"] == refused["dropped_fields"] == ["seed", "logit_bias"] and "dropped_fields" not in clean
        assert refused["spend_nano_usd"] == 0 and gateway.budgets()["acme"]["held_nano_usd"] == 0
        _, page = gateway.get("/metrics", port=gateway.admin_port)
        assert b'steelyard_dropped_fields_total{field="seed"} 2' in page, page


def test_long_tool_names_come_back_as_they_were():
    name = "a_tool_with_a_name_that_is_much_longer_than_what_openai_takes_and_then_some_more"
    mock = Mock("cheap,1,2", answer="tool_call")
    gateway = start({"one": (mock.port, ["*"])}, budgets="[{ limit: $10, per: month }]")
    tool = {"name": name, "input_schema": {"type": "object", "properties": {}}}
    body = {"model": "cheap", "max_tokens": 100, "tools": [tool], "messages": [{"role": "user", "content": "go"}]}
    with running(mock, gateway):
        for stream in (False, True):
            status, _, data = gateway.chat({**body, "stream": stream}, path="/v1/messages", headers={"anthropic-version": "2023-06-01"})
            assert status == 200 and f'"name":"{name}"'.encode() in data, data
            sent = json.loads(mock.requests(1)[-1]["body"])["tools"][0]["function"]["name"]
            assert len(sent) <= 64 and sent.startswith("a_tool_with"), sent


def test_answers_that_lose_something_say_so():
    choice = {"index": 0, "message": {"role": "assistant", "content": "hi", "annotations": [{"type": "url_citation"}]},
              "logprobs": {"content": [{"token": "hi", "logprob": -0.1}]}, "finish_reason": "stop"}
    whole_answer = {"id": "c", "object": "chat.completion", "model": "cheap", "choices": [choice],
                    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
    delta = b'data: {"id":"c","model":"cheap","choices":[{"index":0,"delta":{"content":"hi","annotations":[{"a":1}]},"finish_reason":"stop"}]}\n\n'
    provider = Scripted(lambda method, path, body: (200, {"content-type": "text/event-stream"}, [delta, b"data: [DONE]\n\n"])
                        if json.loads(body).get("stream") else whole(whole_answer))
    gateway = open_gateway(provider)
    body = {"model": "cheap", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    with running(provider, gateway):
        status, headers, data = request(gateway, "POST", "/v1/messages", body)
        assert status == 200 and headers["x-steelyard-dropped-fields"] == "logprobs,citations", headers
        with socket.create_connection(("127.0.0.1", gateway.port), 10) as raw:
            sent = json.dumps({**body, "stream": True}).encode()
            raw.sendall(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: %s\r\ncontent-length: %d\r\n\r\n%s" % (
                KEY.encode(), len(sent), sent))
            data = b"".join(iter(lambda: raw.recv(65536), b""))
        assert b"\r\nx-steelyard-dropped-fields: citations\r\n" in data.split(b"0\r\n")[-1], data
        assert sorted(r["dropped_fields"] for r in gateway.receipts(2)) == [["citations"], ["logprobs", "citations"]]


# Signs of life


def test_a_silent_provider_gets_the_client_signs_of_life():
    chat = [b'data: {"id":"c","model":"cheap","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n', 0.7,
            b'data: {"id":"c","model":"cheap","choices":[{"index":0,"delta":{"content":" you"},"finish_reason":"stop"}]}\n\n',
            b"data: [DONE]\n\n"]
    provider = Scripted(lambda *_: (200, {"content-type": "text/event-stream"}, chat))
    gateway = open_gateway(provider, more="timeouts: { stream_ping: 200ms }")
    with running(provider, gateway):
        status, _, data = request(gateway, "POST", "/v1/chat/completions", message(model="cheap", stream=True))
        assert status == 200 and 2 <= data.count(b": keep-alive\n\n") <= 4, data
        assert data.replace(b": keep-alive\n\n", b"") == b"".join(p for p in chat if isinstance(p, bytes)), data
        status, _, data = request(gateway, "POST", "/v1/messages", {**message(model="cheap", stream=True), "max_tokens": 9})
        assert status == 200 and 2 <= data.count(b'event: ping\ndata: {"type": "ping"}\n\n') <= 4, data
        assert data.rstrip().endswith(b'{"type":"message_stop"}'), data
        # Google's SDK for Python fails on a comment: an empty line is all there may be.
        gemini = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
        status, _, data = request(gateway, "POST", "/v1beta/models/cheap:streamGenerateContent?alt=sse", gemini)
        assert status == 200 and b"STOP" in data and all(line.startswith(b"data: ") for line in data.split(b"\r\n") if line), data
        assert 2 <= data.count(b"\r\n\r\n\r\n") + data.count(b"\r\n\r\n\r\n\r\n") and b"keep-alive" not in data, data
        status, _, data = request(gateway, "POST", "/v1beta/models/cheap:streamGenerateContent", gemini)
        assert status == 200 and json.loads(data)[-1]["candidates"][0]["finishReason"] == "STOP", data  # an array gets none
        # Never inside an event.
        chat[0], chat[2] = chat[0][:40], chat[0][40:] + chat[2]
        status, _, data = request(gateway, "POST", "/v1/chat/completions", message(model="cheap", stream=True))
        assert status == 200 and b"keep-alive" not in data and data.endswith(b"data: [DONE]\n\n"), data


def test_a_provider_that_stays_silent_is_an_error():
    chat = [b'data: {"id":"c","model":"cheap","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n', 3.0]
    provider = Scripted(lambda *_: (200, {"content-type": "text/event-stream"}, chat))
    gateway = open_gateway(provider, more="timeouts: { stream_ping: 200ms, stream_idle: 700ms }")
    with running(provider, gateway):
        status, _, data = request(gateway, "POST", "/v1/chat/completions", message(model="cheap", stream=True))
        assert status == 200 and data.count(b": keep-alive") in (2, 3), data
        assert json.loads(events(data)[-1])["error"]["type"] == "server_error", data


def test_who_thinks_out_of_sight_keeps_the_client_waiting_no_longer_than_stream_commit():
    def event(kind, **fields):
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()

    usage = {"input_tokens": 9, "output_tokens": 1}
    begun = {"id": "msg_1", "type": "message", "role": "assistant", "model": "cheap", "content": [], "stop_reason": None, "usage": usage}
    thinking = [event("message_start", message=begun), event("content_block_start", index=0, content_block={"type": "thinking", "thinking": "", "signature": ""})]
    pings = [0.3, event("ping")] * 6
    signed = event("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "Sig=="})
    told = [signed, event("content_block_stop", index=0), event("content_block_start", index=1, content_block={"type": "text", "text": ""}),
            event("content_block_delta", index=1, delta={"type": "text_delta", "text": "Half past."}), event("content_block_stop", index=1),
            event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage=usage), event("message_stop")]
    pieces = []
    provider = Scripted(lambda *_: (200, {"content-type": "text/event-stream"}, pieces))
    gateway = open_gateway(provider, "anthropic", more="timeouts: { stream_commit: 500ms, stream_ping: 250ms, stream_idle: 1500ms }")

    def streamed(path):
        """The answer, and when its head, its first sign of life and its text came."""
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
        asked = json.dumps({**message(model="cheap", stream=True), "max_tokens": 9})
        started, data, came = time.monotonic(), b"", {}
        connection.request("POST", path, asked, {"authorization": "Bearer " + KEY})
        answer = connection.getresponse()
        came["head"] = time.monotonic() - started
        while piece := answer.read1(65536):
            data += piece
            for name, mark in (("sign", b"event: ping" if path == "/v1/messages" else b": keep-alive"), ("text", b"Half past.")):
                if mark in data:
                    came.setdefault(name, time.monotonic() - started)
        connection.close()
        assert answer.status == 200, data
        return data, came

    with running(provider, gateway):
        for path in ("/v1/messages", "/v1/chat/completions"):
            pieces[:] = thinking + pings + told
            data, came = streamed(path)
            assert 0.4 < came["head"] < 1.2 and came["sign"] < 1.5 < 1.7 < came["text"], (path, came)
            if path == "/v1/messages":
                assert data.startswith(thinking[0] + thinking[1]) and data.endswith(b"".join(told)), data
            else:
                assert data.endswith(b"data: [DONE]\n\n"), data
            receipt = max(gateway.receipts(), key=lambda r: r["startTime"])
            assert receipt["durations_ns"]["ttft"] > 1_600_000_000, receipt  # of what the client waited for
            pieces[:] = thinking + pings[:6]  # breaks off later: nobody else is asked, the client is told
            asked = len(provider.requests)
            data, came = streamed(path)
            assert len(provider.requests) == asked + 1 and b"error" in data and came["head"] < 1.2 and "text" not in came, data
            pieces[:] = thinking + [2.5] + told  # silent altogether: the idle time still ends it
            data, came = streamed(path)
            assert b"error" in data and "sign" in came and "text" not in came, data
            pieces[:] = thinking + told  # and one that does not wait is as it was
            data, came = streamed(path)
            assert came["text"] < 0.4, came


# Several keys of one provider


def with_keys(provider, dialect="openai", workers=1, team_more="", count=2):
    names = [f"KEY_{i}" for i in range(count)]
    text = config({"one": (provider.port, ["*"])}, budgets="[{ limit: $10, per: month }]", workers=workers)
    text = text.replace("one: { base_url", f"one: {{ dialect: {dialect}, base_url")
    if dialect == "anthropic":
        text = text.replace(f":{provider.port}/v1", f":{provider.port}")
    text = text.replace('keys: ["${env:TEST_PROVIDER_KEY}"]', "keys: [" + ", ".join(f'"${{env:{name}}}"' for name in names) + "]")
    if team_more:
        text = text.replace("        keys: [{ id: search-prod", f"        {team_more}\n        keys: [{{ id: search-prod")
    return Gateway(text, CATALOG + VECTORS, None, {name: f"sk-{i}" for i, name in enumerate(names)})


class Keyed(Scripted):
    """Refuses some of the keys, with a status each; otherwise answers as told."""

    def __init__(self, answer):
        self.refused = {}
        super().__init__(lambda *asked: whole({"error": {"message": "No.", "type": "invalid_request_error"}}, self.refused[self.used()[-1]])
                         if self.used()[-1] in self.refused else answer(*asked))

    def used(self):
        return [head.get("x-api-key") or head["authorization"][len("Bearer "):] for _, _, head, _ in self.requests]


CHAT_ANSWER = {"id": "c", "object": "chat.completion", "model": "cheap", "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
               "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}


def test_a_conversation_stays_with_its_key():
    provider = Keyed(lambda *_: whole(CHAT_ANSWER))
    gateway = with_keys(provider, workers=2)
    with running(provider, gateway):
        def keys_of(session, times=4):
            before = len(provider.requests)
            for _ in range(times):
                head = {"x-steelyard-session": session} if session else None
                status, _, data = request(gateway, "POST", "/v1/chat/completions", message(model="cheap"), head)
                assert status == 200, data
            return provider.used()[before:]

        of_each = {f"talk-{i}": set(keys_of(f"talk-{i}")) for i in range(12)}
        assert all(len(keys) == 1 for keys in of_each.values()), of_each
        assert set().union(*of_each.values()) == {"sk-0", "sk-1"}, of_each
        assert set(keys_of(None, 8)) == {"sk-0", "sk-1"}, provider.used()[-8:]
        [refused] = of_each["talk-0"]
        provider.refused[refused] = 401
        assert keys_of("talk-0")[-1] != refused


def test_a_refused_key_rests_outside_chat_too():
    provider = Keyed(lambda method, path, body: whole(vectors_of(["a"], 3)))
    gateway = with_keys(provider)
    with running(provider, gateway):
        provider.refused["sk-0"] = 401
        for _ in range(4):
            status, _, data = request(gateway, "POST", "/v1/embeddings", {"model": "vectors", "input": "a"})
            assert status == 200, data
        assert provider.used() == ["sk-0"] + ["sk-1"] * 4, provider.used()
        assert [len(r["attempts"]) for r in gateway.receipts(4)] == [2, 1, 1, 1]
        assert "key 1 of 2 rests for 600 s: auth_upstream" in gateway.said(), gateway.said()
        provider.refused["sk-1"] = 401
        status, _, data = request(gateway, "POST", "/v1/embeddings", {"model": "vectors", "input": "a"})
        assert status == 502 and provider.used()[5:] == ["sk-1"], (status, data, provider.used())


def test_paths_that_are_not_tried_twice_let_the_key_rest():
    counted = whole({"input_tokens": 7})
    rows = (("openai", "POST", "/v1/completions", {"model": "cheap", "prompt": "a", "max_tokens": 9}, whole({**CHAT_ANSWER, "choices": []}), 401, 200),
            ("openai", "POST", "/one/v1/images/generations", {}, whole({"ok": True}), 401, 502),
            ("openai", "POST", "/one/v1/images/generations", {}, whole({"ok": True}), 403, None),  # the path's, perhaps
            ("anthropic", "POST", "/v1/messages/count_tokens", message(model="cheap"), counted, 401, 200))
    for dialect, method, path, body, answer, status, told in rows:
        provider = Keyed(lambda *_, answer=answer: answer)
        gateway = with_keys(provider, dialect, team_more=RULES)
        with running(provider, gateway):
            provider.refused["sk-0"] = status
            seen = [request(gateway, method, path, body)[0] for _ in range(4)]
            if told is None:
                assert provider.used() == ["sk-0", "sk-1"] * 2, (path, seen, provider.used())
                continue
            # Completions go on with the other key at once; a client's body comes only once, and a count is made here.
            assert seen == [told, 200, 200, 200], (path, seen)
            assert provider.used() == ["sk-0"] + ["sk-1"] * (4 if path == "/v1/completions" else 3), (path, seen, provider.used())


def test_what_an_account_keeps_is_asked_for_with_its_own_key():
    def answer(method, path, body):
        if path.endswith("/conversations"):
            return whole({"id": "conv_1", "object": "conversation"})
        asked = json.loads(body or b"{}")
        made = f"resp_{provider.used()[-1]}_{len(provider.requests)}" if method == "POST" else path.rsplit("/", 1)[-1]
        return whole({"id": made, "object": "response", "created_at": 1, "status": "completed", "model": asked.get("model", "cheap"),
                      "output": [{"id": "msg_" + made, "type": "message", "status": "completed", "role": "assistant",
                                  "content": [{"type": "output_text", "annotations": [], "text": "hi"}]}],
                      "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}})

    provider = Keyed(answer)
    gateway = with_keys(provider, "responses")

    def ask(method, path, body=None, want=200):
        status, _, data = request(gateway, method, path, body)
        assert status == want, (status, data)
        return json.loads(data), provider.used()[-1]

    with running(provider, gateway):
        made = [ask("POST", "/v1/responses", {"model": "cheap", "input": "a"}) for _ in range(4)]
        assert {key for _, key in made} == {"sk-0", "sk-1"}, provider.used()
        for document, key in made:
            assert document["id"].startswith(f"resp_{key}_"), (document, key)
            for _ in range(2):
                assert ask("GET", f"/v1/responses/{document['id']}")[1] == key
                assert ask("POST", "/v1/responses", {"model": "cheap", "input": "b", "previous_response_id": document["id"]})[1] == key
        limited = made[0][1]
        provider.refused[limited] = 429
        used = len(provider.requests)
        ask("POST", "/v1/responses", {"model": "cheap", "input": "b", "previous_response_id": made[0][0]["id"]}, 429)
        ask("POST", "/v1/responses", {"model": "cheap", "input": "b", "previous_response_id": made[0][0]["id"]}, 429)
        assert provider.used()[used:] == [limited], "nobody else has it, and it is left alone once it said so"
    provider = Keyed(answer)
    gateway = with_keys(provider, "responses")
    with running(provider, gateway):
        provider.refused["sk-0"] = 402
        made = ask("POST", "/v1/conversations", {})
        assert made == ({"id": "conv_1", "object": "conversation"}, "sk-1"), "what is new is kept by whoever takes it"
        assert provider.used() == ["sk-0", "sk-1"], provider.used()
        assert ask("GET", "/v1/conversations/conv_1")[1] == "sk-1"


if __name__ == "__main__":
    Cases(globals()).run()
