"""Many open streams in one process; the same over TLS on both sides."""
import resource
import subprocess
import time

import machine
import programs

WANTED = 10_000
TLS_STREAMS = 400
PACE_US = 1_000_000
FRAMES = 8
WARM = 20  # streams before the first look, so that what is paid once is not counted


def possible():
    """As many as one process may hold: a stream takes two descriptors of the proxy."""
    return min(WANTED, (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 200) // 2)


def many(bench, load, name):
    """{streams, lost, bytes, age_p50_us, age_p99_us, cpu_share}: every event of every stream must come, in order."""
    count = possible()
    proxy = bench.start(name)
    try:
        _streams(load, proxy.port, WARM, 3, 100)
        before = machine.resident_bytes(proxy.pid)
        body, words = load.stream_words(PACE_US, connections=count, requests=count, frames=FRAMES, ramp_ms=4000, deadline=120)
        running = load.start(proxy.port, body, words)
        time.sleep(6.5)
        cpu, begun, held = machine.cpu_ns(proxy.pid), time.monotonic(), machine.resident_bytes(proxy.pid)
        time.sleep(1)
        share = (machine.cpu_ns(proxy.pid) - cpu) / 1e9 / (time.monotonic() - begun)
        found = load.finish(running)
        return {"streams": count, "lost": count - found["completed"], "bytes": (held - before) / count,
                "age_p50_us": found["stream"]["age"]["p50_us"], "age_p99_us": found["stream"]["age"]["p99_us"],
                "cpu_share": share}
    finally:
        bench.stop(proxy)


def _streams(load, port, count, frames, ramp_ms):
    load.streams(port, 200_000, connections=count, requests=count, frames=frames, ramp_ms=ramp_ms)


def over_tls(bench, load):
    """Bytes of steelyard per stream with TLS on both sides, and how many handshakes were resumed. Others do the TLS of load
    generator and upstream. None: no HAProxy or no openssl here."""
    if not programs._find("haproxy") or not programs._find("openssl"):
        return None
    certificate = _certificate(bench.folder)
    outer, inner = machine.free_port(), machine.free_port()
    proxy = bench.start("steelyard", words={"UPSTREAM_URL": f"https://127.0.0.1:{inner}/v1"}, more=[
        f'tls: {{ certificate: "{certificate}", key: "{certificate}" }}'], ca_file=certificate)
    front = bench.start_haproxy("tls", TLS_CONFIG.format(outer=outer, inner=inner, proxy=proxy.port, upstream=bench.upstream.port,
                                                         certificate=certificate), outer)
    try:
        _streams(load, outer, WARM, 3, 200)
        before = machine.resident_bytes(proxy.pid)
        body, words = load.stream_words(PACE_US, connections=TLS_STREAMS, requests=TLS_STREAMS, frames=6, ramp_ms=2000, deadline=60)
        running = load.start(outer, body, words)
        time.sleep(4.5)
        held = machine.resident_bytes(proxy.pid)
        found = load.finish(running)
        if found["completed"] != TLS_STREAMS:
            raise programs.Failure(f"over TLS {found['completed']} of {TLS_STREAMS} streams came to their end")
        return {"streams": TLS_STREAMS, "bytes": (held - before) / TLS_STREAMS}
    finally:
        bench.stop(front)
        bench.stop(proxy)


def _certificate(folder):
    """Key and self-signed certificate in one file."""
    path = folder / "tls.pem"
    key, certificate = folder / "tls.key", folder / "tls.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    path.write_text(key.read_text() + certificate.read_text())
    path.chmod(0o600)
    return path


TLS_CONFIG = """global
  maxconn 8192
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 600s
  timeout server 600s
frontend clients
  bind 127.0.0.1:{outer} backlog 4096
  default_backend gateway
backend gateway
  server gateway 127.0.0.1:{proxy} ssl verify none
frontend provider
  bind 127.0.0.1:{inner} ssl crt {certificate}
  default_backend upstream
backend upstream
  server upstream 127.0.0.1:{upstream}
"""
