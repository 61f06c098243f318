#!/usr/bin/env python3
"""Reload, drain, hostile bytes at the real port, TLS on both sides."""
import csv
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import CATALOG, KEY, Cases, Mock, Skip, config, events, message, running, start, wait_until  # noqa: E402
from gateway import Gateway  # noqa: E402

SHARED = pathlib.Path(os.environ.get("STEELYARD_SHARED", pathlib.Path(__file__).resolve().parents[3] / "shared"))


def one(**parts):
    mock = Mock("cheap,1,2", "dear,10,20")
    return mock, start({"one": (mock.port, ["*"])}, **parts)


def test_a_good_reload_is_taken_a_bad_one_is_not_and_no_request_fails():
    mock, gateway = one(policies="policies: [policy.yaml]",
                        files={"policy.yaml": "policies:\n  - { name: all, use: { models: [cheap] } }\n"})
    with running(mock, gateway):
        assert gateway.chat(message())[1]["x-steelyard-model"] == "cheap"
        stop, failures = threading.Event(), []

        def load():
            while not stop.is_set():
                status, _, data = gateway.chat(message())
                if status != 200:
                    failures.append(data)

        thread = threading.Thread(target=load)
        thread.start()
        gateway.write("policy.yaml", "policies:\n  - { name: all, use: { models: [dear] } }\n")
        gateway.signal(signal.SIGHUP)
        wait_until(lambda: gateway.chat(message())[1]["x-steelyard-model"] == "dear")
        gateway.write("policy.yaml", "policies:\n  - { name: all, use: { modls: [cheap] } }\n")
        gateway.signal(signal.SIGHUP)
        wait_until(lambda: "steelyard_config_last_reload_successful 0" in gateway.admin("/metrics")[1].decode())
        wait_until(lambda: "policy.yaml:2:" in gateway.said() and "modls" in gateway.said())
        assert gateway.chat(message())[1]["x-steelyard-model"] == "dear"
        stop.set()
        thread.join()
        assert not failures, failures
        assert len({r["config_hash"] for r in gateway.receipts()}) == 2


def test_drain_lets_a_stream_finish_and_refuses_new_connections():
    mock, gateway = one()
    with running(mock, gateway):
        mock.behave(output_tokens=20, interval_ms=50)
        result = []
        thread = threading.Thread(target=lambda: result.append(gateway.chat(message(stream=True))))
        thread.start()
        time.sleep(0.3)
        gateway.signal(signal.SIGTERM)
        wait_until(lambda: gateway.admin("/readyz")[0] == 503)
        thread.join(10)
        status, headers, data = result[0]
        assert status == 200 and events(data)[-1] == "[DONE]", data[-200:]
        gateway.process.wait(10)
        assert gateway.process.returncode == 0
        [receipt] = gateway.receipts(1)
        assert receipt["status"] == "success"


def test_the_drain_deadline_ends_streams_with_an_error_event():
    mock, gateway = one(more="timeouts: { drain: 1s }", budgets="[{ limit: $5, per: month }]")
    with running(mock, gateway):
        mock.behave(output_tokens=2000, interval_ms=50)
        result = []
        thread = threading.Thread(target=lambda: result.append(gateway.chat(message(stream=True, max_tokens=2000))))
        thread.start()
        time.sleep(0.3)
        gateway.signal(signal.SIGTERM)
        thread.join(10)
        assert "shutting down" in json.loads(events(result[0][2])[-1])["error"]["message"]
        gateway.process.wait(10)
        assert gateway.process.returncode == 0


def expand(text):
    """The escapes and generators of badinput.tsv."""
    def sequence(match):
        inner, first, count = match[1], int(match[2]), int(match[3])
        return "".join(inner.replace("%d", str(first + i)) for i in range(count))
    text = re.sub(r"\{seq:'(.*?)',(\d+),(\d+)\}", sequence, text)
    text = re.sub(r"\{repeat:'(.*?)',(\d+)\}", lambda m: m[1] * int(m[2]), text)
    out = re.sub(r"\\(x[0-9a-fA-F]{2}|[rnt\\])", lambda m: chr(int(m[1][1:], 16)) if m[1][0] == "x"
                 else {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}[m[1]], text)
    return out.encode("latin-1")


def answers(port, data):
    """Statuses of everything that comes back, and whether the gateway closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(data)
        got, closed = b"", False
        connection.settimeout(0.6)
        try:
            while True:
                chunk = connection.recv(65536)
                if not chunk:
                    closed = True
                    break
                got += chunk
        except (TimeoutError, ConnectionResetError) as error:
            closed = isinstance(error, ConnectionResetError)
    return [int(s) for s in re.findall(rb"HTTP/1\.1 (\d{3}) ", got)], closed, got.decode("latin-1")


def test_all_bad_inputs_at_the_real_port():
    path = SHARED / "data/badinput.tsv"
    if not path.exists():
        raise Skip(f"{path} is absent; set STEELYARD_SHARED")
    mock, gateway = one(more="timeouts: { head: 1s, body: 1s }")
    good = 0
    # Well-formed requests pass the HTTP layer here and are then refused for want of a key or a path.
    served = {200, 401, 404, 405}
    with running(mock, gateway):
        rows = [r for r in csv.reader(path.open(encoding="latin-1", newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
                if r and not r[0].startswith("#")][1:]
        for name, what, data, _, must in rows:
            raw = expand(data)
            if name[:2] in ("CL", "TE", "CH", "TR", "EX", "PT"):  # about bodies: with a key, so that it is read
                raw = raw.replace(b"POST / ", b"POST /v1/chat/completions ").replace(
                    b"Host: a\r\n", b"Host: a\r\nAuthorization: Bearer " + KEY.encode() + b"\r\n", 1)
            statuses, closed, said = answers(gateway.port, raw)
            finals = [s for s in statuses if s != 100]
            wanted = {int(n) for n in re.findall(r"\b([45]\d\d)\b", must)}
            if "2xx" in must or "100 then final" in must:
                wanted |= served
                if finals == [400] and "malformed_http" not in said:
                    finals = [200]  # HTTP was in order; `hello` is no chat request
            if "no dispatch" in must or "408" in must:
                wanted |= {408}
            assert finals and finals[0] in wanted or not finals and "deadline" in must, (name, what, statuses, must)
            if re.match(r"^[45]\d\d( or \d+)?,? close", must) and "2xx" not in must:
                assert closed and len(finals) == 1, (name, what, statuses, closed, must)
            good += 1
        assert mock.bill()["total"]["requests"] == 0
        assert gateway.process.poll() is None
    print(f"{good} of {len(rows)} at the real port")
    assert good == len(rows) == 126


def make_certificates(folder):
    """A local authority and a certificate for localhost."""
    run = lambda *a: subprocess.run(a, cwd=folder, check=True, capture_output=True)  # noqa: E731
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
        "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test authority")
    run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "tls.key",
        "-out", "tls.csr", "-subj", "/CN=localhost")
    (folder / "ext.cnf").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    run("openssl", "x509", "-req", "-in", "tls.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
        "tls.pem", "-days", "2", "-extfile", "ext.cnf")


def test_tls_to_clients_and_to_providers():
    """A gateway behind a gateway: the second one's provider is the first one over TLS."""
    import tempfile
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_certificates(folder)
        mock = Mock("cheap,1,2", "dear,10,20")
        inner = start({"one": (mock.port, ["*"])},
                      more=f"tls: {{ certificate: {folder}/tls.pem, key: {folder}/tls.key }}")
        text = config({"far": (inner.port, ["*"])}).replace(
            f'base_url: "http://127.0.0.1:{inner.port}/v1"',
            f'base_url: "https://localhost:{inner.port}/v1", ca_file: {folder}/ca.pem')
        outer = Gateway(text, CATALOG, None, {"TEST_PROVIDER_KEY": KEY})
        stranger = Gateway(text.replace(f", ca_file: {folder}/ca.pem", ""), CATALOG, None, {"TEST_PROVIDER_KEY": KEY})
        with running(mock, inner, outer, stranger):
            for stream in (False, True, False):
                status, headers, data = outer.chat(message(stream=stream))
                assert status == 200, (status, data)
            big = "word " * 60_000
            assert outer.chat(message(big))[0] == 200
            before = mock.bill()["total"]["requests"]
            status, _, data = stranger.chat(message())
            assert status == 502 and "could not be reached" in data.decode(), (status, data)
            assert mock.bill()["total"]["requests"] == before  # not a byte of the request was sent
            context = ssl.create_default_context(cafile=folder / "ca.pem")
            with socket.create_connection(("127.0.0.1", inner.port)) as raw:
                with context.wrap_socket(raw, server_hostname="localhost") as tls:
                    tls.sendall(b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer " + KEY.encode()
                                + b"\r\nconnection: close\r\n\r\n")
                    assert b"200 OK" in tls.recv(100)


if __name__ == "__main__":
    Cases(globals()).run()
