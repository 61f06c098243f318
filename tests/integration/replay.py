#!/usr/bin/env python3
"""Every recorded exchange, played through the gateway by a client and a provider of its dialect: what the provider gets is what the
client sent, what the client gets is what the provider said, byte for byte, and what is booked is what the provider says was used.
Streams come in pieces: of one byte, if they are short. Embeddings are played the same way; of Converse, which no client speaks, a Chat
client must hear the same words, calls and end; all else goes by pass-through. Prints a table by dialect and provider, in which every
exchange stands once.

usage: replay.py [WORD...]: only dialects and providers that hold one of the words; -v tells every mismatch."""
import collections
import json
import pathlib
import re
import socket
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import recorded  # noqa: E402
import replay_rest  # noqa: E402
from gateway import KEY, Gateway, config  # noqa: E402

DIALECTS = {"openai.chat": "openai", "openai.responses": "responses", "anthropic.messages": "anthropic", "gemini.generate": "gemini"}
PATHS = {"openai.chat": "/v1/chat/completions", "openai.responses": "/v1/responses", "anthropic.messages": "/v1/messages"}
QUIRKS = {"xai": "reasoning_exclusive: true", "huggingface": "ends_without_done: true",  # as in config/providers.yaml
          "perplexity": "ends_without_done: true"}
REFUSED = {b"`/background` must be false": "asks for an answer to be kept, which is refused",
           b"previous_response_not_found": "refers to what was never kept here, which is not passed on",
           b"provider answered 200 client_invalid": "an error is all that was streamed: told as one"}
MODEL = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$")
SHORT = 6000  # bytes: streams up to here come byte by byte


def read_head(file):
    head = {}
    first = file.readline()
    for line in iter(file.readline, b"\r\n"):
        if not line:
            return None, None
        name, _, value = line.partition(b":")
        head[name.strip().lower()] = value.strip()
    return first, head


def read_body(file, head):
    if head.get(b"transfer-encoding") != b"chunked":
        return file.read(int(head.get(b"content-length", 0)))
    body = b""
    while size := int(file.readline(), 16):
        body += file.read(size)
        file.read(2)
    while file.readline() != b"\r\n":  # trailers
        pass
    return body


def pieces_of(body):
    if len(body) <= SHORT:
        return [body[i:i + 1] for i in range(len(body))]
    cuts = [i * len(body) // 97 for i in range(98)]
    return [body[a:b] for a, b in zip(cuts, cuts[1:])]


class Player:
    """A provider that answers with the exchange that is on."""

    def __init__(self):
        self.on, self.asked, self.line = None, None, None
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        with peer, peer.makefile("rb") as file:
            while True:
                first, head = read_head(file)
                if not first:
                    return
                self.asked, self.line = read_body(file, head), first
                answer = self.on["answer"]
                start = f"HTTP/1.1 {self.on['status']} So\r\ncontent-type: {self.on['type']}\r\n".encode()
                if self.on["stream"] and self.on["status"] < 400:
                    framed = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces_of(answer))
                    peer.sendall(start + b"transfer-encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n")
                else:
                    peer.sendall(start + b"content-length: %d\r\n\r\n" % len(answer) + answer)

    def stop(self):
        self.socket.close()


def case_of(name, exchange):
    """What is sent and answered, or why this exchange is none of a client's with a gateway."""
    request, answer = recorded.body_of(exchange, "request"), recorded.body_of(exchange, "response")
    if not answer:
        return "no answer recorded"
    path, model = PATHS.get(name), None
    if not request:
        request = json.dumps({"model": "unrecorded", "stream": exchange["stream"], "max_tokens": 9, "input": "x", "contents": [],
                              "messages": [{"role": "user", "content": "x"}]}).encode()
        keep = {"openai.chat": ("model", "stream", "messages"), "openai.responses": ("model", "stream", "input"),
                "anthropic.messages": ("model", "stream", "messages", "max_tokens"), "gemini.generate": ()}[name]
        body = {key: value for key, value in json.loads(request).items() if key in keep}
        request = json.dumps(body or {"contents": [{"role": "user", "parts": [{"text": "x"}]}]}).encode()
    try:
        asked = json.loads(request)
    except ValueError:
        return "the request is not JSON"
    if name == "gemini.generate":
        found = re.search(r"/(?:models|tunedModels)/([^/:?]+):(\w+)(\?.*)?$", exchange["path"])
        if not found:
            return "the path names no model"
        model = found[1]
        path = f"/v1beta/models/{model}:{found[2]}" + ("?alt=sse" if "alt=sse" in (found[3] or "") else "")
    else:
        model = asked.get("model")
        if "model" not in asked:  # its path did: a client of the gateway says it in the body
            model = asked["model"] = "of-the-path"
            request = b'{"model":"of-the-path",' + request.lstrip()[1:]
    if not isinstance(model, str) or not MODEL.match(model):
        return "no name of a model"
    default = "text/event-stream" if exchange["stream"] and not answer.lstrip().startswith(b"[") else "application/json"
    kind = (exchange["response_headers"] or {}).get("content-type", default)
    array = recorded.documents(exchange, answer) if exchange["stream"] and answer.lstrip().startswith(b"[") else None
    if array:  # providers are always asked for events; the client gets its array all the same
        answer = b"".join(b"data: " + json.dumps(document).encode() + b"\r\n\r\n" for document in array)
        kind = "text/event-stream"
    return {"request": request, "asked": asked, "answer": answer, "path": path, "model": model, "stream": exchange["stream"],
            "type": kind, "array": array, "status": exchange["status"] or 200, "exchange": exchange}


def gateway_of(name, provider, models, port):
    entry = ("  {}: {{ vendor: T, context: 9000000, output_max: 4000000, can: [tools, vision, reasoning, structured_output, json_mode],"
             " score: {{ value: 60, source: t, as_of: 2026-11-01 }}, prices: [{{ input: 1, output: 2, flex: 50%, priority: 200%, source: t }}] }}\n")
    catalog = "models:\n" + "".join(entry.format(json.dumps(model)) for model in sorted(models))
    text = config({"one": (port, ["*"])}, workers=1, more="retry: { attempts: 1 }\n", quirks=QUIRKS.get(provider, "") if name == "openai.chat" else "")
    if name in replay_rest.KINDS:
        text = replay_rest.rewritten(name, text, port)
        catalog = catalog.replace("can: [tools, vision, reasoning, structured_output, json_mode]", "can: [embeddings]") \
            if name == "openai.embeddings" else catalog
    else:
        text = text.replace("one: { base_url", f"one: {{ dialect: {DIALECTS[name]}, base_url")
    if name == "gemini.generate":
        text = text.replace('/v1"', '/v1beta"')
    return Gateway(text, catalog, None, {"TEST_PROVIDER_KEY": "sk-provider-canary"})


def kept_of(name, case):
    """What a client that did not ask for the usage chunk gets of a chat stream."""
    if name != "openai.chat" or not case["stream"] or (case["asked"].get("stream_options") or {}).get("include_usage"):
        return case["answer"]
    extra = [block for block, document in recorded.blocks_of(case["answer"])
             if isinstance(document, dict) and document.get("choices") == [] and document.get("usage")]
    kept = case["answer"]
    for block in extra:
        kept = kept.replace(block, b"", 1)
    return kept


def same_request(name, case, got):
    if got == case["request"]:
        return True
    if name != "openai.chat" or not case["stream"]:
        return False
    # The gateway asks for the usage chunk; nothing else may differ.
    asked = json.loads(got)
    options = asked.get("stream_options") or {}
    without = {key: value for key, value in options.items() if key != "include_usage"}
    expected = dict(case["asked"])
    expected_options = {k: v for k, v in (expected.pop("stream_options", None) or {}).items() if k != "include_usage"}
    asked.pop("stream_options", None)
    return options.get("include_usage") is True and without == expected_options and asked == expected


class Client:
    """One connection, or the next when the gateway has closed it."""

    def __init__(self, port):
        self.port, self.peer = port, None

    def ask(self, case):
        if self.peer is None:
            self.peer = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            self.file = self.peer.makefile("rb")
        length = f"content-length: {len(case['request'])}\r\n" if case["request"] or case.get("method", "POST") == "POST" else ""
        self.peer.sendall(f"{case.get('method', 'POST')} {case['path']} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {KEY}\r\n"
                          f"content-type: {case.get('request_type', 'application/json')}\r\n{length}\r\n".encode() + case["request"])
        first, head = read_head(self.file)
        if not first:  # closed behind the last answer
            self.close()
            return self.ask(case)
        got = read_body(self.file, head) if b"content-length" in head or b"transfer-encoding" in head else self.file.read()
        if head.get(b"connection") == b"close":
            self.close()
        return int(first.split()[1]), got

    def close(self):
        if self.peer is not None:
            self.peer.close()
            self.file.close()
            self.peer = None


class Row:
    def __init__(self):
        self.count = collections.Counter()
        self.wrong, self.left_out = [], collections.Counter()


def replay(name, provider, cases, row):
    player = Player()
    gateway = gateway_of(name, provider, {case["model"] for case in cases}, player.port)
    try:
        client = Client(gateway.port)
        for case in cases:
            player.on, player.asked = case, None
            status, got = client.ask(case)
            judge(name, case, status, got, player, row)
        client.close()
        if name == "other":
            return
        for case, receipt in zip(cases, gateway.receipts(len(cases), 30)):
            judge_usage(name, case, receipt, row)
    finally:
        gateway.clean()
        player.stop()


def judge(name, case, status, got, player, row):
    asked = player.asked
    for words, reason in REFUSED.items():
        if status != 200 and words in got:
            row.left_out[reason] += 1
            case["refused"] = True
            return
    if case["status"] >= 400 and name == "other" and status == 502 and b"refused the gateway's key" in got:
        row.count.update(errors=1, told=1)  # the gateway's key, never the client's: other words, another status
        return
    if case["status"] >= 400 and name != "other":
        case["refused"] = True
        return judge_error(case, status, got, asked, row)
    kind = "streams" if case["stream"] else "whole"
    row.count[kind] += 1
    where = f"{case['exchange']['id']} ({kind})"
    if asked is None or status != (case["status"] if name == "other" else 200):
        row.wrong.append(f"{where}: status {status}: {got[:300]!r}")
        case["refused"] = True
        return
    if name in replay_rest.KINDS:
        return replay_rest.judge(name, case, status, got, asked, player.line, row)
    if not same_request(name, case, asked):
        row.wrong.append(f"{where}: the provider got another request: {first_difference(case['request'], asked)}")
    kept = kept_of(name, case)
    if got == kept:
        row.count["identical"] += 1
    elif case["stream"] and got == kept + b"\n\ndata: [DONE]\n\n":
        row.count["identical"] += 1  # and the end that clients wait for, where a provider has none
    elif case["stream"] and got == kept + b"\n\n" and b"error" in kept[-2000:]:
        row.count["cut"] += 1  # it ends with an error of the provider's own
    elif case["stream"] and got.startswith(kept) and b"error" in got[len(kept):]:
        row.count["cut"] += 1  # no terminator was recorded: the client is told, after all that came
    elif case["array"] and json.loads(got) == case["array"]:
        row.count["identical"] += 1
    else:
        row.wrong.append(f"{where}: the client got other bytes: {first_difference(kept, got)}")


def judge_error(case, status, got, asked, row):
    """The client gets an error of its dialect, with the provider's own words in it; or the gateway saw by itself what is wrong."""
    row.count["errors"] += 1
    words = words_of(case["answer"])
    try:
        said = json.loads(got)
        said = said["error"] if isinstance(said["error"], str) else said["error"]["message"]
    except (ValueError, KeyError, TypeError):
        said = ""
    if status >= 400 and said and (words is None or words[:200] in said or (asked is None and status == case["status"])):
        row.count["told"] += 1
    else:
        row.wrong.append(f"{case['exchange']['id']} (error): status {status} for {case['status']}: {got[:300]!r} for {words!r}")


def words_of(answer):
    """The message of an error, where its provider writes one in a usual place."""
    try:
        whole = json.loads(answer)
    except ValueError:
        return None
    whole = whole[0] if isinstance(whole, list) and whole else whole
    if isinstance(whole, dict) and isinstance(whole.get("message"), str):
        return whole["message"]  # Amazon's
    inner = whole.get("error") if isinstance(whole, dict) else None
    return inner.get("message") if isinstance(inner, dict) and isinstance(inner.get("message"), str) else None


def first_difference(a, b):
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return f"at byte {at} of {len(a)} and {len(b)}: {a[max(0, at - 40):at + 120]!r} and {b[max(0, at - 40):at + 120]!r}"


def judge_usage(name, case, receipt, row):
    if case.get("refused"):
        return
    if name in replay_rest.KINDS:
        expected = replay_rest.total(name, case)
    else:
        expected = recorded.TOTALS[name](case["array"] or recorded.documents(case["exchange"], case["answer"]))
    if expected is None:
        row.count["no usage"] += 1
    elif receipt["usage_source"] == "provider" and receipt["total_tokens"] == expected:
        row.count["usage"] += 1
    else:
        row.wrong.append(f"{case['exchange']['id']}: booked {receipt['total_tokens']} ({receipt['usage_source']}), recorded {expected}")


def main():
    if not recorded.FOLDER.is_dir():
        print(f"SKIPPED  replay: {recorded.FOLDER} is absent; set STEELYARD_SHARED\n0 passed, 0 failed")
        return
    words = [word for word in sys.argv[1:] if word != "-v"]
    print(f"{'dialect':20} {'provider':12} {'whole':>6} {'streams':>7} {'identical':>9} {'translated':>10} {'cut, told':>9} {'usage equal':>11} "
          f"{'none said':>9} {'errors':>6} {'told':>5} {'left out':>8} {'mismatches':>10}")
    rows = {}
    for name in (*DIALECTS, *replay_rest.KINDS):
        groups = collections.defaultdict(list)
        for exchange in recorded.exchanges(name):
            if words and not any(word in f"{name}/{exchange['provider']}" for word in words):
                continue
            row = rows.setdefault((name, exchange["provider"]), Row())
            case = (replay_rest if name in replay_rest.KINDS else sys.modules[__name__]).case_of(name, exchange)
            if isinstance(case, str):
                row.left_out[case] += 1
            else:
                groups[exchange["provider"]].append(case)
        for provider, cases in sorted(groups.items()):
            good = [case for case in cases if case["status"] < 400]
            if good:
                replay(name, provider, good, rows[name, provider])
            for case in cases:
                if case["status"] >= 400:  # after some of them a provider is left alone
                    replay(name, provider, [case], rows[name, provider])
            print_row(name, provider, rows[name, provider])
    report(rows)


def print_row(name, provider, row):
    c = row.count
    print(f"{name:20} {provider:12} {c['whole']:6} {c['streams']:7} {c['identical']:9} {c['translated']:10} {c['cut']:9} {c['usage']:11} {c['no usage']:9} "
          f"{c['errors']:6} {c['told']:5} {row.left_out.total():8} {len(row.wrong):10}", flush=True)


def report(rows):
    total, reasons = Row(), collections.Counter()
    for row in rows.values():
        total.count.update(row.count)
        total.wrong += row.wrong
        reasons.update(row.left_out)
    total.left_out = reasons
    print_row("all", "", total)
    for reason, count in reasons.most_common():
        print(f"left out, {reason}: {count}")
    for (name, provider), row in rows.items():
        for wrong in row.wrong[:None if "-v" in sys.argv else 5]:
            print(f"MISMATCH {name} {provider} {wrong}")
    print(f"exchanges: {total.count['whole'] + total.count['streams'] + total.count['errors'] + reasons.total()}")
    played = total.count["whole"] + total.count["streams"] + total.count["errors"]
    failed = len({wrong.split(" ")[0].rstrip(":") for wrong in total.wrong})  # an exchange may be wrong in several ways
    print(f"{played - failed} passed, {failed} failed")
    sys.exit(1 if total.wrong or not played else 0)


if __name__ == "__main__":
    main()
