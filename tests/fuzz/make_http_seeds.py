#!/usr/bin/env python3
"""Writes the seed corpora of the three HTTP fuzzers from the table of hostile requests.

usage: make_http_seeds.py badinput.tsv      (long rows are left out: a fuzzer makes its own)
"""
import pathlib
import re
import sys

LONGEST = 300


def expand(text):
    def generator(found):
        kind, body, numbers = found.group(1), found.group(2), [int(n) for n in found.group(3).split(",")]
        if kind == "repeat":
            return body * numbers[0]
        return "".join(body.replace("%d", str(n)) for n in range(numbers[0], numbers[0] + numbers[1]))

    text = re.sub(r"\{(repeat|seq):'(.*?)',([0-9,]+)\}", generator, text)
    plain = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\"}
    out, at = b"", 0
    while at < len(text):
        if text[at] != "\\":
            out, at = out + text[at].encode(), at + 1
        elif text[at + 1] == "x":
            out, at = out + bytes([int(text[at + 2 : at + 4], 16)]), at + 4
        else:
            out, at = out + plain[text[at + 1]], at + 2
    return out


def save(target, name, content):
    folder = pathlib.Path(__file__).parent / "seeds" / (target + "_fuzz")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def main():
    for line in open(sys.argv[1], encoding="utf-8"):
        columns = line.rstrip("\n").split("\t")
        if line.startswith("#") or len(columns) != 5 or columns[0] == "id":
            continue
        name, content = columns[0], expand(columns[2])
        if len(content) > LONGEST:
            continue
        if name.startswith(("CH", "TR")):
            save("chunk_decoder", name, content.split(b"\r\n\r\n", 1)[1])
            save("request_reader", name, content)
        elif name.startswith(("PT", "KA", "EX", "CL")):
            save("request_reader", name, content)
        else:
            save("head_reader", name, content)
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nx-request-id: r\r\n"
    save("head_reader", "answer", answer + b"x-ratelimit-remaining-tokens: 9\r\nConnection: keep-alive\r\n\r\n")


main()
