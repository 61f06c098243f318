#!/usr/bin/env python3
"""The main job end to end, as curl sees it: weighed, routed, held, relayed, settled, logged."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import Cases, Mock, events, message, running, start  # noqa: E402

MODELS = ("cheap,1,2", "dear,10,20")


def both():
    mock = Mock(*MODELS)
    return mock, start({"one": (mock.port, ["*"])}, budgets="[{ limit: $10, per: month }]")


def test_the_cheapest_model_of_the_tier_answers():
    mock, gateway = both()
    with running(mock, gateway):
        status, headers, data = gateway.chat(message())
        assert status == 200, data
        assert headers["x-steelyard-model"] == "cheap" and headers["x-steelyard-provider"] == "one"
        answer = json.loads(data)
        usage = answer["usage"]
        cost = usage["prompt_tokens"] * 1000 + usage["completion_tokens"] * 2000  # nano-dollars
        assert round(float(headers["x-steelyard-cost-usd"]) * 1e9) == cost
        [receipt] = gateway.receipts(1)
        assert receipt["spend_nano_usd"] == cost
        assert receipt["model"] == "cheap" and receipt["model_group"] == "auto"
        assert receipt["counterfactual_model"] == "dear" and receipt["saved_nano_usd"] == 9 * cost
        assert mock.bill()["total"]["nano_usd"] == cost, mock.bill()
        assert gateway.budgets()["acme"]["posted_nano_usd"] == cost
        assert gateway.budgets()["acme"]["held_nano_usd"] == 0


def test_a_model_asked_for_by_name_is_served_as_asked():
    mock, gateway = both()
    with running(mock, gateway):
        status, headers, _ = gateway.chat(message(model="dear"))
        assert status == 200 and headers["x-steelyard-model"] == "dear"


def test_unknown_fields_and_their_order_reach_the_provider_untouched():
    mock, gateway = both()
    with running(mock, gateway):
        body = '{"zz":{"b":1, "a":[1,2.50]},  "messages":[{"role":"user","content":"h\\u00e9"}],"model":"auto","max_tokens":9}'
        status, _, data = gateway.chat(body)
        assert status == 200, data
        [seen] = [r for r in mock.requests() if r["method"] == "POST"]
        assert seen["body"] == body.replace('"auto"', '"cheap"'), seen["body"]
        headers = {name.lower(): value for name, value in seen["headers"]}
        assert headers["authorization"] == "Bearer sk-provider-canary"
        assert "x-steelyard-task" not in headers


def test_streams_are_byte_faithful_and_the_extra_usage_chunk_is_removed():
    mock, gateway = both()
    with running(mock, gateway):
        for asked in (False, True):
            options = {"stream_options": {"include_usage": True}} if asked else {}
            status, headers, data = gateway.chat(message(stream=True, max_tokens=6, **options))
            assert status == 200 and headers["content-type"].startswith("text/event-stream")
            seen = events(data)
            assert seen[-1] == "[DONE]"
            chunks = [json.loads(e) for e in seen[:-1]]
            usage = [c for c in chunks if c.get("usage")]
            assert bool(usage) == asked, seen
            text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])
            assert len(text.split()) == 6, text
        [first, second] = gateway.receipts(2)
        assert first["usage_source"] == second["usage_source"] == "provider"
        assert mock.bill()["total"]["nano_usd"] == first["spend_nano_usd"] + second["spend_nano_usd"]


def test_refusals_name_what_is_wrong():
    mock, gateway = both()
    with running(mock, gateway):
        table = [
            (message(model="nope"), {}, 404, "model_not_found"),
            (message(model="tier:gold"), {}, 400, "gold"),
            ('{"model":"auto"}', {}, 400, "messages"),
            ("{", {}, 400, "JSON"),
            ('{"model":"cheap","model":"dear","messages":[{"role":"user","content":"x"}]}', {}, 400, "model"),
            (message(), {"key": "sk-wrong"}, 401, "invalid_api_key"),
            (message(), {"key": None}, 401, "authorization"),
            (message(), {"path": "/v1/nothing"}, 404, "path"),
        ]
        for body, how, status, word in table:
            got, _, data = gateway.chat(body, **how)
            assert got == status and word in data.decode(), (body, got, data)
        assert mock.bill()["total"]["requests"] == 0


def test_models_explain_and_health():
    mock, gateway = both()
    with running(mock, gateway):
        status, data = gateway.get("/v1/models")
        assert status == 200
        assert {m["id"] for m in json.loads(data)["data"]} == {"auto", "tier:standard", "cheap", "dear"}
        status, data = gateway.get("/v1/models/dear")
        assert status == 200 and json.loads(data)["id"] == "dear"
        assert gateway.get("/v1/models/none")[0] == 404
        status, _, data = gateway.chat(message(), path="/route/explain")
        assert status == 200 and json.loads(data)["schema"].startswith("steelyard.explain/"), data
        status, _, data = gateway.chat(message(), path="/route/explain", headers={"accept": "text/plain"})
        assert status == 200 and "chosen" in data.decode() and "nothing was sent" in data.decode()
        asked = {"x-steelyard-explain": "true"}
        status, _, data = gateway.chat(message(), headers=asked)
        assert status == 200 and json.loads(data)["schema"].startswith("steelyard.explain/"), data
        gemini = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
        status, _, data = gateway.chat(gemini, path="/v1beta/models/cheap:generateContent", headers=asked)
        told = json.loads(data)
        assert status == 200 and "cheap" in json.dumps(told) and told["schema"].startswith("steelyard.explain/"), data
        assert mock.bill()["total"]["requests"] == 0
        assert gateway.chat(message(), headers={"x-steelyard-explain": "false"})[0] == 200
        assert mock.bill()["total"]["requests"] == 1
        assert gateway.admin("/healthz", None)[0] == 200
        assert gateway.admin("/readyz", None)[0] == 200
        assert gateway.admin("/admin/budgets", "wrong")[0] == 401
        gateway.chat(message())
        status, data = gateway.admin("/metrics", None)
        assert status == 200 and 'steelyard_requests_total' in data.decode()
        assert 'steelyard_cost_usd_total{provider="one",model="cheap"}' in data.decode(), data.decode()


def test_secrets_are_nowhere_in_what_the_process_says():
    mock, gateway = both()
    with running(mock, gateway):
        said = b""
        for body in (message(), message(stream=True), message(model="nope"), "{"):
            status, headers, data = gateway.chat(body)
            said += repr(headers).encode() + data
        for path in ("/metrics", "/admin/budgets", "/readyz"):
            said += gateway.admin(path)[1]
        gateway.stop()
        said += gateway.said().encode() + (gateway.folder / "decisions.jsonl").read_bytes()
        for secret in (b"sk-provider-canary", b"sk-test-0123456789", b"admin-token"):
            assert secret not in said


if __name__ == "__main__":
    Cases(globals()).run()
