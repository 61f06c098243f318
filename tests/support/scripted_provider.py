"""A pretend provider that plays a scenario for a real client, in any dialect, streamed or whole. The usual scenario: it calls one
tool, and when the call is answered it says so. What it was asked stays in `requests`; what went wrong, in `faults`."""
import json
import time

from answering import Answering, Provider
from gateway import CATALOG, Gateway, config
from scripted_dialects import Turn, declares, results_in, written

PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "responses": "/v1/responses", "gemini": "/v1beta/models/"}
SAYS = "The command ran. "


def tool_loop(tool, arguments):
    """What the model says to a request: a call of `tool`, where it is declared and no result is there; with a result, its text."""
    def turn(dialect, asked):
        results = results_in(dialect, asked)
        if results:
            return Turn(SAYS + results[-1])
        if declares(asked, tool):
            return Turn("I shall run it.", [(tool, arguments)], thought="It is to be run.")
        return Turn("A small task")  # a title, a summary: what clients ask beside the task
    return turn


class Scripted(Provider):
    """`tool` and `arguments` of a tool loop; or `scenario`, a function from (dialect, request) to what the model says. `silence`: seconds
    before an answer and again after its first event."""

    def __init__(self, dialect, tool=None, arguments=None, scenario=None, silence=0):
        outer = self
        self.dialect, self.requests, self.faults = dialect, [], []
        scenario = scenario or tool_loop(tool, arguments)

        class Handler(Answering):
            def do_POST(self):
                _, body = self.asked()
                try:
                    kind, answer = self.answer(json.loads(body))
                except Exception as fault:  # noqa: BLE001: the test is told
                    outer.faults.append(f"{self.path}: {fault!r} in {body[:2000]}")
                    self.send_error(500)
                    return
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                first = min((at + len(end) for end in (b"\n\n", b"\r\n\r\n") if (at := answer.find(end)) >= 0), default=0)
                for piece in (answer[:first], answer[first:]) if silence else (answer,):
                    time.sleep(silence)
                    self.wfile.write(piece)
                    self.wfile.flush()

            def answer(self, asked):
                assert self.path.startswith(PATHS[dialect]), self.path
                outer.requests.append(asked)
                stream = ":streamGenerateContent" in self.path if dialect == "gemini" else bool(asked.get("stream"))
                return written(dialect, asked, scenario(dialect, asked), len(outer.requests), stream)

        self.serve(Handler)


def scripted_gateway(provider, more="", catalog=CATALOG, policies=""):
    text = config({"one": (provider.port, ["*"])}, budgets="[{ limit: $10, per: month }]", more=more, policies=policies)
    text = text.replace("one: { base_url", f"one: {{ dialect: {provider.dialect}, base_url")
    if provider.dialect == "gemini":
        text = text.replace('/v1"', '/v1beta"')
    return Gateway(text, catalog, None, {"TEST_PROVIDER_KEY": "sk-provider-canary"})
