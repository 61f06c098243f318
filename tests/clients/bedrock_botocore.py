#!/usr/bin/env python3
"""AWS's own library as a judge, unmodified: it signs the requests we sent again, reads the frames our tests make, and its model of
the service says whether every Converse request we write is one."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
import sdk_venv  # noqa: E402

sdk_venv.inside("botocore", "1.44.5", "botocore")

import base64  # noqa: E402
import datetime  # noqa: E402
import json  # noqa: E402
import urllib.parse  # noqa: E402

import botocore.auth  # noqa: E402
import botocore.awsrequest  # noqa: E402
import botocore.config  # noqa: E402
import botocore.credentials  # noqa: E402
import botocore.eventstream  # noqa: E402
import botocore.session  # noqa: E402
import botocore.validate  # noqa: E402
from bedrock import AWS, MODEL, TOOLS, bedrock, messages  # noqa: E402
from bedrock_provider import KEYS, Bedrock, converse_events, frame  # noqa: E402
from gateway import Cases, Mock, message, running  # noqa: E402


def signed_again(provider, path, head, body, token=None):
    """The authorization line botocore writes for the same request at the same moment."""
    then = datetime.datetime.strptime(head["x-amz-date"], "%Y%m%dT%H%M%SZ")

    class Clock(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return then

        @classmethod
        def now(cls, tz=None):
            return then.replace(tzinfo=tz)

    # Whichever of its modules asks for the time.
    for module in (botocore.auth, getattr(botocore, "compat", None)):
        if hasattr(module, "get_current_datetime"):
            module.get_current_datetime = lambda **_: then
    botocore.auth.datetime = type("datetime", (), {"datetime": Clock})
    request = botocore.awsrequest.AWSRequest("POST", f"http://{head['host']}{path}", {"content-type": head["content-type"]}, body)
    keys = botocore.credentials.Credentials(*provider.keys, token)
    botocore.auth.SigV4Auth(keys, "bedrock", provider.region).add_auth(request)
    assert request.headers["X-Amz-Date"] == head["x-amz-date"], request.headers["X-Amz-Date"]
    return request.headers["Authorization"]


def test_signatures():
    for token in (None, "session/token+=="):
        provider = Bedrock()
        gateway = bedrock(provider, environment={"AWS_TOKEN": token or ""})
        with running(provider, gateway):
            assert gateway.chat(message("h\u00e9llo \u4e16"))[0] == 200
            assert gateway.chat(message(stream=True))[0] == 200
            for path, head, body in provider.requests:
                assert head["authorization"] == signed_again(provider, path, head, body, token), (head, path)


def test_frames_of_the_tests_are_amazons():
    raw = b"".join(frame(kind, payload) for kind, payload in converse_events())
    buffer = botocore.eventstream.EventStreamBuffer()
    for at in range(0, len(raw), 11):
        buffer.add_data(raw[at:at + 11])
    found = [(event.headers[":event-type"], json.loads(event.payload)) for event in buffer]
    assert found == list(converse_events()), found


def decoded(shape, value):
    """Blobs are text in JSON."""
    if value is None:
        return None
    if shape.type_name == "blob":
        return base64.b64decode(value, validate=True)
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        assert set(value) <= set(shape.members), (set(value) - set(shape.members), shape.name)
        return {name: decoded(shape.members[name], inner) for name, inner in value.items()}
    if shape.type_name == "list":
        return [decoded(shape.member, inner) for inner in value]
    if shape.type_name == "map":
        return {name: decoded(shape.value, inner) for name, inner in value.items()}
    return value


def check_request(shape, path, body):
    asked = decoded(shape, {**json.loads(body), "modelId": urllib.parse.unquote(path.split("/")[2])})
    report = botocore.validate.ParamValidator().validate(asked, shape)
    assert not report.has_errors(), (report.generate_report(), body)


def test_requests_are_what_the_service_takes():
    model = botocore.session.get_session().get_service_model("bedrock-runtime")
    shape = model.operation_model("Converse").input_shape
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    paper = {"type": "document", "title": "a_b.pdf", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}}
    tools = [{"name": "clock", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    turns = [{"role": "user", "content": [{"type": "text", "text": "look", "cache_control": {"type": "ephemeral"}}, picture, paper]},
             {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm.", "signature": "Sig=="},
                                               {"type": "redacted_thinking", "data": "UlI="},
                                               {"type": "tool_use", "id": "toolu_1", "name": "clock", "input": {}}]},
             {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "is_error": True, "content": [picture]}]}]
    provider = Bedrock()
    gateway = bedrock(provider)
    with running(provider, gateway):
        assert messages(gateway)[0] == 200
        status, _, data = messages(gateway, system=[{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}], tools=tools,
                                   tool_choice={"type": "auto"}, messages=turns, max_tokens=9000, stop_sequences=["x"],
                                   thinking={"type": "enabled", "budget_tokens": 2000})
        assert status == 200, data
        for more in ({"tools": TOOLS, "tool_choice": "required", "temperature": 0.5, "top_p": 0.9},
                     {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True}}},
                     {"response_format": {"type": "json_object"}, "service_tier": "flex", "reasoning_effort": "high"}):
            status, _, data = gateway.chat(message(**more))
            assert status == 200, data
        assert len(provider.requests) == 5 and not provider.wrong
        for path, _, body in provider.requests:
            check_request(shape, path, body)
        assert urllib.parse.unquote(provider.requests[0][0].split("/")[2]) == MODEL and AWS and KEYS


def test_the_pretend_bedrock_is_one_to_awss_client():
    mock = Mock("us.anthropic.claude-x:0,1,2", reasoning_tokens=3)
    with running(mock):
        client = botocore.session.get_session().create_client(
            "bedrock-runtime", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{mock.port}",
            aws_access_key_id="a", aws_secret_access_key="b", config=botocore.config.Config(retries={"total_max_attempts": 1}))
        ask = dict(modelId="us.anthropic.claude-x:0", messages=[{"role": "user", "content": [{"text": "hello"}]}],
                   inferenceConfig={"maxTokens": 50})
        whole = client.converse(**ask)
        assert whole["stopReason"] in ("end_turn", "max_tokens") and whole["usage"]["inputTokens"] > 0, whole
        assert [list(block)[0] for block in whole["output"]["message"]["content"]] == ["reasoningContent", "text"], whole
        kinds = [list(event)[0] for event in client.converse_stream(**ask)["stream"]]
        assert kinds[0] == "messageStart" and kinds[-2:] == ["messageStop", "metadata"] and "contentBlockDelta" in kinds, kinds
        mock.behave(status=429)
        try:
            client.converse(**ask)
        except client.exceptions.ThrottlingException:
            return
        raise AssertionError("no error")


if __name__ == "__main__":
    Cases(globals()).run()
