#!/usr/bin/env python3
"""Google's own library as a judge, unmodified: it verifies the assertion we sign for a service account."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
import sdk_venv  # noqa: E402

sdk_venv.inside("google-auth", "2.62.2", "google-auth")

import google.auth.jwt  # noqa: E402
from gateway import Cases, message, running  # noqa: E402
from gemini_provider import Gemini  # noqa: E402
from token_server import TokenServer, rsa_key  # noqa: E402
from vertex import ACCOUNT, vertex  # noqa: E402


def certificate(pem):
    """The library takes certificates: one for our key, valid for a day."""
    made = subprocess.run(["openssl", "req", "-x509", "-new", "-key", "/dev/stdin", "-days", "1", "-subj", "/CN=test"], input=pem.encode(),
                          capture_output=True, check=True)
    return made.stdout.decode()


def test_the_assertion_is_good():
    provider, tokens = Gemini(), TokenServer()
    gateway = vertex(provider, ACCOUNT, tokens=tokens)
    with running(provider, tokens, gateway):
        assert gateway.chat(message())[0] == 200
        assertion = tokens.asked[0][3]["assertion"]
        claims = google.auth.jwt.decode(assertion, certs=certificate(rsa_key()[0]), audience=tokens.url())
        assert claims["iss"] == "gateway@p.iam.gserviceaccount.com", claims
        broken = assertion[:-4] + ("AAAA" if not assertion.endswith("AAAA") else "BBBB")
        try:
            google.auth.jwt.decode(broken, certs=certificate(rsa_key()[0]), audience=tokens.url())
        except Exception:  # noqa: BLE001: which one depends on the version
            return
        raise AssertionError("a wrong signature was taken")


if __name__ == "__main__":
    Cases(globals()).run()
