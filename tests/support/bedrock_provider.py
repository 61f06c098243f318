"""A pretend Amazon Bedrock: Converse and InvokeModel, whole and as Amazon's binary stream. It checks each signature itself (Signature
Version 4, from the description, with nothing but Python's own library)."""
import base64
import datetime
import hashlib
import hmac
import json
import struct
import time
import urllib.parse
import zlib

from answering import Answering, Provider

KEYS = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
USAGE = {"inputTokens": 100, "outputTokens": 50, "totalTokens": 470, "cacheReadInputTokens": 300, "cacheWriteInputTokens": 20,
         "cacheDetails": [{"ttl": "1h", "inputTokens": 15}, {"ttl": "5m", "inputTokens": 5}]}
CONTENT = [{"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "Sig=="}}}, {"text": "It is 12:30."},
           {"toolUse": {"toolUseId": "tooluse_1", "name": "clock", "input": {"zone": "UTC"}}}]
MESSAGE_USAGE = {"input_tokens": 100, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 300, "output_tokens": 50}
MESSAGE = {"id": "msg_bdrk_1", "type": "message", "role": "assistant", "model": "claude-test", "stop_reason": "end_turn", "stop_sequence": None,
           "content": [{"type": "thinking", "thinking": "Hm.", "signature": "Sig=="}, {"type": "text", "text": "It is 12:30."}], "usage": MESSAGE_USAGE}


def signature_of(method, path, headers, signed, body, secret, region):
    """The signature such a request must have; `headers` in lower case."""
    raw, _, query = path.partition("?")
    canonical_path = urllib.parse.quote(raw, safe="/-_.~")  # it is encoded once already: twice in all
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in signed)
    query = "&".join(sorted(query.split("&")))
    canonical = "\n".join([method, canonical_path, query, lines, ";".join(signed), hashlib.sha256(body).hexdigest()])
    date = headers["x-amz-date"]
    scope = f"{date[:8]}/{region}/bedrock/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in (date[:8], region, "bedrock", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def check_signature(method, path, headers, body, keys, region):
    """"" or what is wrong."""
    said = headers.get("authorization", "")
    if not said.startswith("AWS4-HMAC-SHA256 "):
        return "no signature"
    parts = dict(part.strip().split("=", 1) for part in said[17:].split(","))
    signed = parts["SignedHeaders"].split(";")
    if signed != sorted(signed) or not {"host", "x-amz-date"} <= set(signed):
        return "not the right heads are signed"
    if "x-amz-security-token" in headers and "x-amz-security-token" not in signed:
        return "the session token is not signed"
    date = headers["x-amz-date"]
    then = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    if abs((datetime.datetime.now(datetime.timezone.utc) - then).total_seconds()) > 300:
        return "the date is off"
    if parts["Credential"] != f"{keys[0]}/{date[:8]}/{region}/bedrock/aws4_request":
        return "the credential is wrong"
    wanted = signature_of(method, path, headers, signed, body, keys[1], region)
    return "" if parts["Signature"] == wanted else "the signature is wrong"


def frame(kind, payload, message="event"):
    name = {"event": ":event-type", "exception": ":exception-type"}[message]
    head = b"".join(bytes([len(key)]) + key.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
                    for key, value in ((name, kind), (":content-type", "application/json"), (":message-type", message)))
    data = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(head) + len(data), len(head))
    whole = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + data
    return whole + struct.pack(">I", zlib.crc32(whole))


def converse_events(cut=False):
    yield "messageStart", {"role": "assistant", "p": "abcd"}
    for piece in ({"text": "Hm."}, {"signature": "Sig=="}):
        yield "contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": piece}, "p": "ab"}
    yield "contentBlockStop", {"contentBlockIndex": 0}
    for piece in ("It is ", "12:30."):
        yield "contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": piece}}
    if cut:
        return
    yield "contentBlockStop", {"contentBlockIndex": 1}
    yield "contentBlockStart", {"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "tooluse_1", "name": "clock"}}}
    for piece in ('{"zone"', ': "UTC"}'):
        yield "contentBlockDelta", {"contentBlockIndex": 2, "delta": {"toolUse": {"input": piece}}}
    yield "contentBlockStop", {"contentBlockIndex": 2}
    yield "messageStop", {"stopReason": "tool_use"}
    yield "metadata", {"usage": USAGE, "metrics": {"latencyMs": 5}}


def invoke_events(cut=False):
    yield {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None, "usage": {**MESSAGE_USAGE, "output_tokens": 1}}}
    for index, (empty, deltas) in enumerate((
            ({"type": "thinking", "thinking": "", "signature": ""},
             ({"type": "thinking_delta", "thinking": "Hm."}, {"type": "signature_delta", "signature": "Sig=="})),
            ({"type": "text", "text": ""}, ({"type": "text_delta", "text": "It is "}, {"type": "text_delta", "text": "12:30."})))):
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        if cut:
            return
        yield {"type": "content_block_stop", "index": index}
    yield {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": MESSAGE_USAGE}
    yield {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 100, "outputTokenCount": 50}}


class Bedrock(Provider):
    """`wrong` collects what was wrong with signatures; `errors`: (status, kind, message), used up."""

    def __init__(self, keys=KEYS, region="eu-west-1"):
        outer = self
        self.requests, self.wrong, self.errors, self.cut, self.exception = [], [], [], False, None
        self.keys, self.region, self.bearer = keys, region, None

        class Handler(Answering):
            def do_POST(self):
                headers, body = self.asked()
                outer.requests.append((self.path, headers, body))
                fault = outer.check(self.path, headers, body)
                if fault:
                    outer.wrong.append(fault)
                    return self.tell(403, {"message": fault}, "InvalidSignatureException")
                if outer.errors:
                    status, kind, text = outer.errors.pop(0)
                    return self.tell(status, {"message": text}, kind + ":http://internal.amazon.com/coral/com.amazon.bedrock/")
                if self.path.endswith("/converse"):
                    return self.tell(200, {"output": {"message": {"role": "assistant", "content": CONTENT}}, "stopReason": "tool_use",
                                            "usage": USAGE, "metrics": {"latencyMs": 5}})
                if self.path.endswith("/invoke"):
                    return self.tell(200, MESSAGE)
                self.send_response(200)
                self.send_header("content-type", "application/vnd.amazon.eventstream")
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for piece in outer.frames(self.path):
                    for part in (piece[:9], piece[9:]):  # cut inside each frame
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                        self.wfile.flush()
                if outer.cut:
                    time.sleep(0.3)  # the client has seen what came before
                self.wfile.write(b"0\r\n\r\n")

            def tell(self, status, answer, kind=None):
                self.whole(status, answer, {"x-amzn-errortype": kind} if kind else None)

        self.serve(Handler)

    def check(self, path, headers, body):
        if self.bearer:
            return "" if headers.get("authorization") == "Bearer " + self.bearer else "the key is wrong"
        return check_signature("POST", path, headers, body, self.keys, self.region)

    def frames(self, path):
        if path.endswith("/converse-stream"):
            for kind, payload in converse_events(self.cut):
                yield frame(kind, payload)
        else:
            for event in invoke_events(self.cut):
                yield frame("chunk", {"bytes": base64.b64encode(json.dumps(event).encode()).decode(), "p": "abc"})
        if self.exception:
            time.sleep(0.3)
            yield frame(self.exception, {"message": "so it is"}, "exception")
