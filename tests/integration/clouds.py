#!/usr/bin/env python3
"""What is no chat at providers that want tokens or signatures: embeddings, counts and pass-through on Vertex and Bedrock."""
import base64
import json
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from answering import Answering, Provider  # noqa: E402
from bedrock_provider import KEYS, check_signature  # noqa: E402
from gateway import CATALOG, KEY, Cases, Gateway, config, running  # noqa: E402
from token_server import TokenServer  # noqa: E402

VECTORS = """
  vectors:
    vendor: Test
    context: 8192
    can: embeddings
    prices: [{ input: 5, output: 0, source: test }]
"""
VERTEX = "/v1/projects/p/locations/europe-west1"
PASS = """pass_through:
          - { provider: one, paths: ["/*"], methods: [GET, POST, DELETE], price_per_call: $0.01 }
        keys: [{ id: search-prod"""
SONNET = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"


class Cloud(Provider):
    """Answers what it is told to; remembers what it was asked, and what was wrong with signatures."""

    def __init__(self, answer):
        outer = self
        self.answer, self.requests, self.wrong, self.region = answer, [], [], None

        class Handler(Answering):
            def any(self):
                headers, body = self.asked()
                outer.requests.append((self.command, self.path, headers, body))
                if outer.region and (fault := check_signature(self.command, self.path, headers, body, KEYS, outer.region)):
                    outer.wrong.append(fault)
                self.whole(*outer.answer(self.command, self.path, body))

            do_GET = do_POST = do_DELETE = any

        self.serve(Handler)


def cloud(provider, said, base, models, tokens=None, quirks=""):
    text = config({"one": (provider.port, list(models))}, budgets="[{ limit: $10, per: month }]", quirks=quirks)
    names = ", ".join(f'{name}: "{upstream}"' for name, upstream in models.items())
    text = text.replace("one: { base_url", f"one: {{ {said} rename: {{ {names} }}, base_url").replace("/v1\"", f"{base}\"")
    text = text.replace('keys: ["${env:TEST_PROVIDER_KEY}"],', "").replace("keys: [{ id: search-prod", PASS)
    files = {"account.json": tokens.service_account()} if tokens else None
    return Gateway(text, CATALOG + VECTORS, files, {"AWS_ID": KEYS[0], "AWS_SECRET": KEYS[1]})


def vertex(provider, tokens, models, dialect="gemini"):
    said = f'dialect: {dialect}, platform: vertex, credentials: {{ type: google-service-account, secret: "${{file:account.json}}" }},'
    return cloud(provider, said, VERTEX, models, tokens, "count_tokens: true")


def bedrock(provider, models, dialect="converse"):
    provider.region = "eu-west-1"
    return cloud(provider, f'dialect: {dialect}, platform: bedrock, region: eu-west-1, '
                 'credentials: { type: aws, id: "${env:AWS_ID}", secret: "${env:AWS_SECRET}" },', "", models, None, "count_tokens: true")


def test_embeddings_on_vertex():
    answers = {"predictions": [{"embeddings": {"values": [0.5, -1], "statistics": {"token_count": 4, "truncated": False}}},
                               {"embeddings": {"statistics": {"token_count": 3}, "values": [2, 3]}}]}
    provider, tokens = Cloud(lambda *_: (200, answers)), TokenServer()
    gateway = vertex(provider, tokens, {"vectors": "gemini-embedding-001"})
    with running(provider, tokens, gateway):
        status, headers, data = gateway.chat({"model": "vectors", "input": ["a\n", "b"], "dimensions": 2}, path="/v1/embeddings")
        assert status == 200, data
        answer = json.loads(data)
        assert [item["embedding"] for item in answer["data"]] == [[0.5, -1], [2, 3]] and answer["usage"]["prompt_tokens"] == 7, answer
        method, path, head, body = provider.requests[-1]
        assert path == f"{VERTEX}/publishers/google/models/gemini-embedding-001:predict" and head["authorization"] == "Bearer tok-1", (path, head)
        assert json.loads(body) == {"instances": [{"content": "a\n"}, {"content": "b"}], "parameters": {"outputDimensionality": 2}}
        assert gateway.receipts(1)[0]["spend_nano_usd"] == 7 * 5000


def test_embeddings_on_bedrock():
    provider = Cloud(lambda method, path, body: (200, {"embedding": [0.5, -1], "inputTextTokenCount": 6} if "titan" in path
                                                 else {"embeddings": [[1, 2], [3, 4]], "response_type": "embeddings_floats"}))
    for model, given, sent, got in (
            ("amazon.titan-embed-text-v2:0", "hello", {"inputText": "hello", "dimensions": 256}, [[0.5, -1]]),
            ("cohere.embed-v4:0", ["a", "b"], {"texts": ["a", "b"], "input_type": "search_document", "output_dimension": 256}, [[1, 2], [3, 4]])):
        gateway = bedrock(provider, {"vectors": model})
        with running(gateway):
            status, _, data = gateway.chat({"model": "vectors", "input": given, "dimensions": 256}, path="/v1/embeddings")
            assert status == 200 and not provider.wrong, (data, provider.wrong)
            assert [item["embedding"] for item in json.loads(data)["data"]] == got, data
            method, path, head, body = provider.requests[-1]
            assert path == f"/model/{model.replace(':', '%3A')}/invoke" and json.loads(body) == sent, (path, body)
            if "titan" in model:
                assert gateway.receipts(1)[0]["spend_nano_usd"] == 6 * 5000
                status, _, data = gateway.chat({"model": "vectors", "input": ["a", "b"]}, path="/v1/embeddings")
                assert status == 400 and b"must be one text" in data, data
    gateway = bedrock(provider, {"vectors": "amazon.nova-lite-v1:0"})
    with running(provider, gateway):
        status, _, data = gateway.chat({"model": "vectors", "input": "a"}, path="/v1/embeddings")
        assert status == 400 and b"no embeddings of the model `amazon.nova-lite-v1:0`" in data, data


COUNTED = {"model": "cheap", "messages": [{"role": "user", "content": "h\u00e9"}], "system": "S"}


def count(gateway):
    return gateway.chat(COUNTED, key=None, path="/v1/messages/count_tokens",
                        headers={"x-api-key": KEY, "anthropic-version": "2023-06-01", "anthropic-beta": "token-counting-2024-11-01"})


def test_counts_on_vertex():
    provider, tokens = Cloud(lambda method, path, body: (200, {"totalTokens": 9} if "google" in path else {"input_tokens": 18})), TokenServer()
    gateway = vertex(provider, tokens, {"cheap": "claude-sonnet-4-5@20250929"}, "anthropic")
    with running(gateway):
        status, headers, data = count(gateway)
        assert status == 200 and json.loads(data) == {"input_tokens": 18} and headers["x-steelyard-estimate-quality"] == "provider", data
        _, path, head, body = provider.requests[-1]
        assert path == f"{VERTEX}/publishers/anthropic/models/count-tokens:rawPredict", path
        assert json.loads(body) == {**COUNTED, "model": "claude-sonnet-4-5@20250929"} and head["authorization"].startswith("Bearer tok-")
        assert head["anthropic-beta"] == "token-counting-2024-11-01" and "anthropic-version" not in head, head
    gateway = vertex(provider, tokens, {"cheap": "gemini-3-flash"})
    with running(provider, tokens, gateway):
        status, _, data = gateway.chat({"contents": [{"role": "user", "parts": [{"text": "x"}]}]}, path="/v1beta/models/cheap:countTokens")
        assert status == 200 and json.loads(data) == {"totalTokens": 9}, data
        assert provider.requests[-1][1] == f"{VERTEX}/publishers/google/models/gemini-3-flash:countTokens", provider.requests[-1][1]


def test_counts_on_bedrock():
    told = [(200, {"inputTokens": 18}), (400, {"message": "The provided model doesn't support counting tokens."})]
    provider = Cloud(lambda *_: told.pop(0))
    gateway = bedrock(provider, {"cheap": SONNET}, "anthropic")
    with running(provider, gateway):
        status, _, data = count(gateway)
        assert status == 200 and json.loads(data) == {"input_tokens": 18} and not provider.wrong, (data, provider.wrong)
        _, path, _, body = provider.requests[-1]
        assert path == f"/model/{SONNET.replace(':', '%3A')}/count-tokens", path
        inner = json.loads(base64.b64decode(json.loads(body)["input"]["invokeModel"]["body"]))
        assert inner == {"anthropic_version": "bedrock-2023-05-31", "anthropic_beta": ["token-counting-2024-11-01"], "max_tokens": 1,
                         "messages": COUNTED["messages"], "system": "S"}, inner
        # What the provider does not count is counted here.
        status, headers, data = count(gateway)
        assert status == 200 and json.loads(data)["input_tokens"] > 0 and headers["x-steelyard-estimate-quality"] != "provider", data


def test_pass_through_with_a_token_and_with_a_signature():
    def answer(method, path, body):
        return 200, {"method": method, "path": path, "size": len(body)}

    provider, tokens = Cloud(answer), TokenServer()
    gateway = vertex(provider, tokens, {"cheap": "gemini-3-flash"})
    with running(tokens, gateway):
        status, _, data = gateway.chat({"instances": []}, path="/one/publishers/google/models/imagen-4:predict")
        assert status == 200 and json.loads(data)["path"] == f"{VERTEX}/publishers/google/models/imagen-4:predict", data
        assert provider.requests[-1][2]["authorization"] == "Bearer tok-1", provider.requests[-1]
    gateway = bedrock(provider, {"cheap": SONNET})
    with running(provider, gateway):
        big = {"inputText": "x" * 300_000}
        for method, path, body in (("POST", "/one/model/stability.stable-image-core-v1:1/invoke", big),
                                   ("POST", "/one/model/m/invoke?b=2&a=1%20x", {"a": 1}), ("GET", "/one/inference-profiles?maxResults=5", None),
                                   ("DELETE", "/one/custom/x", None)):
            status, _, data = send(gateway, method, path, body)
            assert status == 200 and not provider.wrong, (method, path, data, provider.wrong)
            assert json.loads(data) == {"method": method, "path": path[4:], "size": len(json.dumps(body)) if body else 0}, data
        assert [r["spend_nano_usd"] for r in gateway.receipts(4)] == [10_000_000] * 4


def send(gateway, method, path, body):
    import http.client
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    fields = {"authorization": "Bearer " + KEY, **({"content-type": "application/json"} if body else {})}
    connection.request(method, path, json.dumps(body) if body else None, fields)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, answer.getheaders(), data


def test_without_a_token_it_says_why():
    provider, tokens = Cloud(lambda *_: (200, {})), TokenServer()
    tokens.status = 400
    gateway = vertex(provider, tokens, {"vectors": "gemini-embedding-001"})
    with running(provider, tokens, gateway):
        status, _, data = gateway.chat({"model": "vectors", "input": "a"}, path="/v1/embeddings")
        assert status >= 500 and b"Invalid JWT Signature." in data and not provider.requests, (status, data)


def test_a_token_that_comes_late_is_waited_for():
    provider, tokens = Cloud(lambda *_: (200, {"predictions": [{"embeddings": {"values": [1]}}]})), TokenServer()
    tokens.delay = 0.7
    gateway = vertex(provider, tokens, {"vectors": "gemini-embedding-001"})
    with running(provider, tokens, gateway):
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(gateway.chat({"model": "vectors", "input": "a"}, path="/v1/embeddings")[0]))
                   for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200] * 6 and tokens.given == 1, (statuses, tokens.given)


if __name__ == "__main__":
    Cases(globals()).run()
