"""Runs a command beside a gateway and a pretend provider; GATEWAY, GATEWAY_KEY and MOCK say where they are."""
import os
import subprocess
import sys

from gateway import KEY, Mock, running, start

mock = Mock("cheap,1,2", "dear,10,20")
gateway = start({"one": (mock.port, ["*"])}, budgets="[{ limit: $10, per: month }]")
with running(mock, gateway):
    environment = dict(os.environ, GATEWAY=f"http://127.0.0.1:{gateway.port}", GATEWAY_KEY=KEY,
                       MOCK=f"http://127.0.0.1:{mock.port}")
    status = subprocess.run(sys.argv[1:], env=environment, timeout=120).returncode
sys.exit(status)
