"""Runs a command beside a gateway and a pretend provider; GATEWAY, GATEWAY_KEY and MOCK say where they are. PROVIDER may ask
for a provider of another dialect, which then is no MOCK: anthropic, responses."""
import os
import subprocess
import sys

from anthropic_provider import Anthropic, anthropic_gateway
from gateway import KEY, Mock, running, start
from responses_provider import Responses, responses_gateway

dialect = os.environ.get("PROVIDER", "openai")
if dialect == "openai":
    provider = Mock("cheap,1,2", "dear,10,20")
    gateway = start({"one": (provider.port, ["*"])}, budgets="[{ limit: $10, per: month }]")
else:
    provider = Anthropic() if dialect == "anthropic" else Responses()
    gateway = (anthropic_gateway if dialect == "anthropic" else responses_gateway)(provider)
with running(provider, gateway):
    environment = dict(os.environ, GATEWAY=f"http://127.0.0.1:{gateway.port}", GATEWAY_KEY=KEY,
                       MOCK=f"http://127.0.0.1:{provider.port}")
    status = subprocess.run(sys.argv[1:], env=environment, timeout=120).returncode
sys.exit(status)
