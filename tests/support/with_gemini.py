"""Runs a command beside two gateways for a client of Gemini's: GATEWAY_OWN has a provider of its own dialect, GATEWAY one
that speaks OpenAI Chat; GATEWAY_KEY and MOCK say the rest."""
import os
import subprocess
import sys

from gateway import KEY, Mock, running, start
from gemini_provider import Gemini, gemini_gateway

mock, gemini = Mock("cheap,1,2", "dear,10,20"), Gemini()
gateway = start({"one": (mock.port, ["*"])}, budgets="[{ limit: $10, per: month }]",
                more="timeouts: { stream_ping: 100ms }")
own = gemini_gateway(gemini)
with running(mock, gateway, gemini, own):
    environment = dict(os.environ, GATEWAY=f"http://127.0.0.1:{gateway.port}", GATEWAY_KEY=KEY,
                       GATEWAY_OWN=f"http://127.0.0.1:{own.port}", MOCK=f"http://127.0.0.1:{mock.port}")
    status = subprocess.run(sys.argv[1:], env=environment, timeout=120).returncode
    if status == 0:
        # The tool loop went round: the signature came back, and nothing of the gateway's own was sent.
        turns = [body.decode() for _, _, body in gemini.requests if b"functionResponse" in body]
        assert turns and all("U2lnPT0=" in turn and "skip_thought" not in turn for turn in turns), turns
sys.exit(status)
