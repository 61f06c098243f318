"""Runs the load generator; every answer must be right, or the whole run is void."""
import json
import pathlib
import subprocess

import programs

BODIES = pathlib.Path(__file__).resolve().parent.parent / "bodies"
HEADERS = ("Content-Type: application/json", "Authorization: Bearer sk-steelyard-bench",
           "User-Agent: OpenAI/Python 2.8.0", "Accept: application/json")


class Load:
    def __init__(self, bench):
        self.bench = bench

    def _run(self, port, body, words, headers=()):
        command = [self.bench.load_program(), "--target", port, "--body", body, *words]
        for header in (*HEADERS, *headers):
            command += ["--header", header]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                              preexec_fn=lambda: programs._prepare(self.bench.load_cpu))
        if done.returncode != 0:
            raise programs.Failure(f"the load generator failed: {done.stderr.strip()[:2000]}")
        return json.loads(done.stdout)

    def start(self, port, body, words):
        """In the background; give what this returns to finish()."""
        command = [self.bench.load_program(), "--target", port, "--body", body, *words]
        for header in HEADERS:
            command += ["--header", header]
        return subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, preexec_fn=lambda: programs._prepare(self.bench.load_cpu))

    @staticmethod
    def finish(process):
        out, error = process.communicate(timeout=900)
        if process.returncode != 0:
            raise programs.Failure(f"the load generator failed: {error.strip()[:2000]}")
        return json.loads(out)

    def answers(self, port, body="auto.json", *flags, headers=(), exact=True, **words):
        """Completions. Keywords become options: connections=16, seconds=2, requests=1000, rate=5000, warmup=100. `exact`: the
        answer's bytes are those of the upstream."""
        size = ["--answer-bytes", programs.ANSWER_BYTES] if exact else []
        return self._run(port, BODIES / body, [*size, *flags, *_options(words)], headers)

    def stream_words(self, pace_us, **words):
        text = (BODIES / "stream.json").read_text().replace("PACE", str(pace_us))
        body = self.bench.folder / f"stream.{pace_us}.json"
        body.write_text(text)
        return body, ["--stream", *_options(words)]

    def streams(self, port, pace_us, **words):
        """Event streams of `frames` content events, `pace_us` apart."""
        body, options = self.stream_words(pace_us, **words)
        return self._run(port, body, options)


def _options(words):
    return [item for key, value in words.items() for item in (f"--{key.replace('_', '-')}", str(value))]
