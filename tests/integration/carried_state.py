#!/usr/bin/env python3
"""What a provider signed, carried by a client of another dialect: given back to the account that made it, by any process with the same
configuration, and to nobody else."""
import base64
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anthropic_provider import Anthropic, anthropic_gateway  # noqa: E402
from gateway import KEY, Cases, running  # noqa: E402
from gemini_provider import Gemini, gemini_gateway  # noqa: E402
from responses_provider import Responses, responses_gateway  # noqa: E402

SCHEMA = {"type": "object", "properties": {"zone": {"type": "string"}}}
PROVIDERS = {"anthropic": (Anthropic, anthropic_gateway, "Sig=="), "responses": (Responses, responses_gateway, "gAAA=="),
             "gemini": (Gemini, gemini_gateway, "U2lnPT0=")}


def chat(answer=None, stream=False):
    turns = [{"role": "user", "content": "hello"}]
    if answer:
        said = answer["choices"][0]["message"]
        turns += [said, *({"role": "tool", "tool_call_id": c["id"], "content": "12:30"} for c in said["tool_calls"])]
    return "/v1/chat/completions", {"model": "cheap", "messages": turns, "stream": stream, "reasoning_effort": "low", "tools": [
        {"type": "function", "function": {"name": "clock", "parameters": SCHEMA}}]}


def messages(answer=None, stream=False):
    turns = [{"role": "user", "content": "hello"}]
    if answer:
        results = [{"type": "tool_result", "tool_use_id": b["id"], "content": "12:30"} for b in answer["content"] if b["type"] == "tool_use"]
        turns += [{"role": "assistant", "content": answer["content"]}, {"role": "user", "content": results}]
    return "/v1/messages", {"model": "cheap", "max_tokens": 4000, "messages": turns, "stream": stream, "thinking": {"type": "adaptive"},
                            "tools": [{"name": "clock", "input_schema": SCHEMA}]}


def responses(answer=None, stream=False):
    items = [{"role": "user", "content": "hello"}]
    if answer:
        items += answer["output"]
        items += [{"type": "function_call_output", "call_id": i["call_id"], "output": "12:30"} for i in answer["output"] if "call_id" in i]
    return "/v1/responses", {"model": "cheap", "input": items, "stream": stream, "store": False, "include": ["reasoning.encrypted_content"],
                             "reasoning": {"effort": "low"}, "tools": [{"type": "function", "name": "clock", "parameters": SCHEMA}]}


def gemini(answer=None, stream=False):
    turns = [{"role": "user", "parts": [{"text": "hello"}]}]
    if answer:
        said = answer["candidates"][0]["content"]
        calls = [p["functionCall"] for p in said["parts"] if "functionCall" in p]
        turns += [said, {"role": "user", "parts": [{"functionResponse": {"id": c["id"], "name": c["name"], "response": {"output": "1"}}}
                                                   for c in calls]}]
    return (f"/v1beta/models/cheap:{'streamGenerateContent?alt=sse' if stream else 'generateContent'}",
            {"contents": turns, "tools": [{"functionDeclarations": [{"name": "clock", "parameters": SCHEMA}]}]})


def carrier_in(data):
    """What the client was given to carry, as it stands in its bytes."""
    text = data.decode()
    coded = re.search(r'"thoughtSignature": ?"(c3kxLnRoaW5raW5n[^"]*)"', text)
    if coded:
        return coded[1]
    found = re.search(r'"(?:signature|encrypted_content)": ?"(sy1\.[^"]+)"', text)
    if found:
        return found[1]
    pieces = re.findall(r'"signature":"([^"]+)"', text)  # a stream of Messages
    return "".join(pieces) or None


def forged(carrier):
    """Another letter in the seal."""
    if carrier.startswith("c3k"):
        inner = base64.b64decode(carrier).decode()
        at = re.search(r'"s":"[^"]*?(.)"', inner).start(1) - 3
        return base64.b64encode((inner[:at] + ("A" if inner[at] != "A" else "B") + inner[at + 1:]).encode()).decode()
    return carrier[:-3] + ("A" if carrier[-3] != "A" else "B") + carrier[-2:]


def restart(gateway, key):
    assert gateway.stop() == 0
    gateway.environment["TEST_PROVIDER_KEY"] = key
    gateway.start()


def test_state_goes_back_to_the_account_that_made_it_and_to_no_other():
    pairs = [(client, provider) for client in (chat, messages, responses, gemini) for provider in PROVIDERS
             if client.__name__ not in (provider, {"anthropic": "messages"}.get(provider)) and (client, provider) not in
             ((chat, "anthropic"), (chat, "gemini"))]  # Chat shows these two as they are
    assert len(pairs) == 7
    for client, name in pairs:
        what = f"{client.__name__} of {name}"
        make, gateway_of, state = PROVIDERS[name]
        provider = make()
        gateway = gateway_of(provider)
        with running(provider, gateway):
            def ask(given, stream=False, raw=None, gateway=gateway, provider=provider):
                path, body = client(given, stream)
                text = json.dumps(body)
                if raw:
                    assert raw[0] in text, (what, raw, text)
                    text = text.replace(*raw)
                status, headers, data = gateway.chat(text, path=path, key=KEY)
                assert status == 200, (what, status, data)
                sent = provider.requests[-1][2].decode()
                assert "sy1." not in sent and "c3kxLnRo" not in sent, (what, sent)
                return data, state in sent, headers.get("x-steelyard-dropped-fields", "")

            data, _, _ = ask(None)
            carrier = carrier_in(data)
            assert carrier and state not in carrier[-20:], (what, data)
            streamed, _, _ = ask(None, stream=True)
            assert carrier_in(streamed) == carrier, (what, carrier, streamed)
            answer = json.loads(data)
            _, back, told = ask(answer)
            assert back and "thinking" not in told, (what, told, provider.requests[-1][2])
            _, back, told = ask(answer, raw=(carrier, forged(carrier)))
            assert not back and "thinking" in told, (what, "forged", told, provider.requests[-1][2])
            restart(gateway, "sk-provider-canary")
            _, back, told = ask(answer)
            assert back, (what, "restarted", told)
            restart(gateway, "sk-of-another-account")
            _, back, told = ask(answer)
            assert not back and "thinking" in told, (what, "another account", told)


if __name__ == "__main__":
    Cases(globals()).run()
