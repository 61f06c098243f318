"""The rules of tests/tidy, as data and small functions. Each function yields (line, message) for one file's text."""
import functools
import re

# Who may include whom (design, "One arrow"): the folders a folder may include from, besides itself. The longest prefix
# of a path that is a key decides. Tests may include anything.
LAYERS = {
    "config/types": set(),
    "config/spec": {"config/types"},
    "config": {"config/types", "config/spec"},
    "policies": {"config/types", "config/spec"},
    "router": {"config/types", "config/spec", "policies", "router"},
    "gateway/sys": {"config/types"},
    "gateway/dialect": {"config/types"},
    "gateway/net": {"config/types", "gateway/sys"},
    "gateway/store": {"config/types", "config/spec", "router", "gateway/sys"},
    "gateway/telemetry": {"config/types", "config/spec", "policies", "router"},
    "gateway/mock": {"config/types", "gateway/sys", "gateway/dialect", "gateway/net"},
    "gateway": {"config", "policies", "router", "gateway"},
    "tests": {"config", "policies", "router", "gateway", "tests"},
}
# The pure part: everything right of gateway.
PURE = ("config/", "policies/", "router/")
PURE_INCLUDES = {
    "boost/": "no Boost right of gateway", "openssl/": "no OpenSSL right of gateway",
    "thread": "no threads right of gateway", "random": "no randomness right of gateway: it is given as a value",
    "sys/": "no system calls right of gateway", "unistd.h": "no system calls right of gateway",
    "fcntl.h": "no system calls right of gateway", "mutex": "no locks right of gateway",
    "condition_variable": "no locks right of gateway", "future": "no threads right of gateway",
}
# file → why it may break a PURE_INCLUDES or BANNED rule
ALLOWED = {
    ("gateway/telemetry/labels.h", "mutex"): "names are registered at install and read at scrape, never by a request",
    ("gateway/store/books_state.h", "mutex"): "one ledger shard: the one lock on the request path, well under 1 us",
    ("gateway/store/journal_state.h", "mutex"): "hands durable waits and new segments to the journal's own threads",
    ("gateway/store/journal_threads.cpp", "mutex"): "the journal's own threads",
    ("gateway/cloud/token_source.cpp", "mutex"): "hands tokens from the thread that asks for them to workers: one look a request of a cloud",
    ("gateway/credentials_wait.cpp", "mutex"): "a request that waits for its first token, and the thread that asks for it",
    ("gateway/alerts.cpp", "mutex"): "hands thresholds to the thread that tells a webhook; once per window",
    ("gateway/cold_slot.cpp", "mutex"): "pages of threads that have ended, taken over when a thread has none left",
    ("gateway/calibrations.cpp", "mutex"): "what bills taught about counting: some hundred instructions a bill",
    ("gateway/outcomes.cpp", "mutex"): "hands outcomes to the thread that writes them; once per task",
    ("gateway/fleet/agent.cpp", "mutex"): "hands requests that wait for a fleet's money to the thread that asks for it",
    ("gateway/idempotency.cpp", "mutex"): "keys that any worker may be asked for; two looks a request that names one",
    ("gateway/plans.cpp", "mutex"): "no pack is bought twice; only when a quota is used up",
    ("gateway/admin/admin_listener.cpp", "mutex"): "hands reports to the listener's helper thread; per admin request",
    ("gateway/telemetry/log_writer.h", "mutex"): "the last lines, kept by the log's thread and read by the dashboard",
    ("gateway/kept_answers.cpp", "mutex"): "who keeps an answer: once per request of OpenAI Responses, one look",
    ("gateway/session_memory.cpp", "mutex"): "who served a conversation: two looks a request of a session, 64 stripes",
    ("gateway/state_memory.cpp", "mutex"): "who signed a part: one look a part of a signed history, 64 stripes",
    ("gateway/net/tls_sessions.h", "mutex"): "TLS sessions to resume, touched once per handshake",
    ("gateway/net/tcp_loop.cpp", "mutex"): "the mailbox itself: work that other threads hand to a loop",
    ("gateway/mock/bill.h", "mutex"): "the pretend provider's bill, shared by its workers; not part of the gateway",
    ("gateway/mock/request_log.h", "mutex"): "the pretend provider's memory of requests",
    ("gateway/mock/settings.h", "mutex"): "the pretend provider's settings, changed by tests while it runs",
}

# word → (what to use instead, path prefixes where it may stand)
BANNED = {
    r"steady_clock::now|system_clock::now|high_resolution_clock": ("the clock of gateway/sys", ("gateway/sys/", "tests/")),
    r"\bclock_gettime\b|\bgettimeofday\b|[^\w.:>]time\((nullptr|NULL|0)\)": ("the clock of gateway/sys", ("gateway/sys/", "tests/")),
    r"std::random_device|\bs?rand\(\)|std::mt19937": ("the random numbers of gateway/sys", ("gateway/sys/", "tests/")),
    r"std::regex": ("re2::RE2: linear time", ()),
    r"std::(recursive_|shared_|timed_)?mutex\b": ("a message to the owner's thread, or a reason in tests/tidy/rules.py", ("tests/",)),
    r"\bstrcpy\b|\bstrcat\b|\bsprintf\b|\bgets\b": ("std::string, fmt or std::to_chars", ()),
    r"http::async_(read|write)|beast::http::(read|write)\b|asio::async_(read|write|read_until)\b":
        ("reads and writes of gateway/net: composed operations allocate per call", ()),
    r"\bany_io_executor\b": ("a concrete executor type", ()),
    r"std::endl": ("'\\n'", ()),
    r"\bconst_cast<char\*>\(.*reveal": ("nothing: a secret is not edited", ()),
}
HEADER_BANNED = {
    r"#include <boost/(beast|asio\.hpp)": "Beast and the whole of Asio only in .cpp files",
    r"#include <(iostream|regex)>": "thin headers",
    r"^\s*using namespace": "no using namespace in a header",
}
MACHINE_PATH = re.compile(r"(?<![\w.])/(work|root|home/\w+|tmp/bash_jobs\w*)/")
TODO_NOW = re.compile(r"TODO\(now\)|\bFIXME\b|\bXXX\b")
COLUMNS_MAX, FILE_LINES_MAX, FUNCTION_LINES_MAX = 100, 400, 60


RAW = re.compile(r'(?:u8|[uUL])?R"([^\s()\\]{0,16})\(')
PLAIN = re.compile(r"[^\"'/uULR]+")  # nothing a comment or a string begins with


@functools.lru_cache(maxsize=2)
def code_of(text):
    """The text with comments, and the insides of strings and characters, blanked; lines and columns stay in place."""
    out, i, size = [], 0, len(text)
    blank = lambda s: "".join("\n" if c == "\n" else " " for c in s)
    while i < size:
        plain = PLAIN.match(text, i)
        if plain:
            out.append(plain.group(0))
            i = plain.end()
            continue
        two = text[i:i + 2]
        raw = RAW.match(text, i)
        if raw and not (i and (text[i - 1].isalnum() or text[i - 1] == "_")):
            end = text.find(")" + raw.group(1) + '"', raw.end())
            end = size if end < 0 else end + len(raw.group(1)) + 2
            out.append('"' + blank(text[i + 1:end - 1]) + '"')
        elif two == "//":
            end = text.find("\n", i)
            end = size if end < 0 else end
            out.append(blank(text[i:end]))
        elif two == "/*":
            end = text.find("*/", i + 2)
            end = size if end < 0 else end + 2
            out.append(blank(text[i:end]))
        elif text[i] == '"' or (text[i] == "'" and not (i and text[i - 1].isalnum())):
            end = i + 1
            while end < size and text[end] != text[i] and text[end] != "\n":
                end += 2 if text[end] == "\\" else 1
            end = min(end + 1, size)
            out.append(text[i] + blank(text[i + 1:end - 1]) + text[end - 1:end])
        else:
            end = i + 1
            out.append(text[i])
        i = end
    return "".join(out)


def layer_of(path):
    best = ""
    for layer in LAYERS:
        if path.startswith(layer + "/") and len(layer) > len(best):
            best = layer
    return best


def is_allowed(path, match):
    return any(path == file and what in match for file, what in ALLOWED)


def includes(path, text):
    layer = layer_of(path)
    for number, line in enumerate(text.split("\n"), 1):
        ours = re.match(r'\s*#\s*include "([^"]+)"', line)
        theirs = re.match(r"\s*#\s*include <([^>]+)>", line)
        if ours and layer:
            target = layer_of(ours.group(1))
            if not target and not layer == "tests":
                yield number, f"include by its path from the top: {ours.group(1)}"
            elif target and target != layer and not any(
                    target == allowed or target.startswith(allowed + "/") for allowed in LAYERS[layer]):
                yield number, f"{layer} may not include {target}"
        if theirs and path.startswith(PURE):
            for prefix, why in PURE_INCLUDES.items():
                name = theirs.group(1)
                if (name == prefix or (prefix.endswith("/") and name.startswith(prefix))) and not is_allowed(path, name):
                    yield number, f"<{name}>: {why}"


def awaits(path, text):
    """g++ 12 destroys temporaries twice when these stand in one expression with co_await (craft 0.1)."""
    if "co_await" not in text:
        return
    code = code_of(text)
    for match in re.finditer(r"[^;{}]*\bco_await\b[^;]*;", code):
        expression = match.group(0)
        start = match.start() + len(expression) - len(expression.lstrip())
        at = code.index("co_await", start)
        number = code.count("\n", 0, at) + 1
        after = expression.lstrip()
        # A statement's own head is not part of the expression: `if (co_await f()) {` ends at its brace.
        head = re.match(r"(?:\}?\s*else\s+)?(if|while|for|switch)\b", after)
        if head:
            after = head_of(after)
        if "{" in after:
            yield number, "a brace in one expression with co_await: name the value first"
        if re.search(r"(?<![\w\])\[])\[(?!\[)", without_binding(after)):
            yield number, "a lambda in one expression with co_await: name it first"
        if "?" in after:
            yield number, "?: in one expression with co_await: name the value first"


def without_binding(expression):
    """`auto [a, b] = x` as `= x`."""
    return re.sub(r"^(?:const\s+)?auto\s*&{0,2}\s*\[[^\]]*\]\s*=", "=", expression)


def head_of(statement):
    """`if (...)` up to the closing bracket."""
    depth, i = 0, statement.find("(")
    for j in range(max(i, 0), len(statement)):
        depth += {"(": 1, ")": -1}.get(statement[j], 0)
        if depth == 0:
            return statement[:j + 1]
    return statement


def words(path, text):
    code = code_of(text)
    for number, line in enumerate(code.split("\n"), 1):
        for pattern, (instead, where) in BANNED.items():
            found = re.search(pattern, line)
            if found and not path.startswith(where or ("-",)) and not is_allowed(path, found.group(0)):
                yield number, f"{found.group(0).strip()}: use {instead}"
        if path.endswith(".h") and not path.startswith("tests/"):
            for pattern, why in HEADER_BANNED.items():
                if re.search(pattern, line):
                    yield number, why


def shape(path, text):
    lines = text.split("\n")
    raw = raw_string_lines(text)
    if path.endswith(".h") and "#pragma once" not in lines[:3]:
        yield 1, "a header begins with #pragma once"
    if len(lines) - 1 > FILE_LINES_MAX:
        yield FILE_LINES_MAX, f"{len(lines) - 1} lines; at most {FILE_LINES_MAX}: split by idea"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX and number not in raw:
            yield number, f"{len(line)} columns; at most {COLUMNS_MAX}"
        if "\t" in line:
            yield number, "a tab"
        if line.endswith((" ", "\r")):
            yield number, "blanks at the end of the line"
    if text and not text.endswith("\n"):
        yield len(lines), "no newline at the end"


def raw_string_lines(text):
    """Lines that a raw string touches: they cannot be broken."""
    lines = set()
    for match in re.finditer(r'R"([^\s()\\]{0,16})\(.*?\)\1"', text, re.S):
        lines.update(range(text.count("\n", 0, match.start()) + 1, text.count("\n", 0, match.end()) + 2))
    return lines


def functions(path, text):
    """Bodies longer than the limit. A body is a brace that follows `)` and its qualifiers; crude, and good enough for
    code that clang-format has laid out."""
    if path.startswith("tests/"):
        return  # a test is a table or a story, as long as it is
    code = code_of(text)
    opener = re.compile(r"\)\s*(?:const|noexcept|override|final|mutable|&&?|\s|->\s*[\w:<>,&*\s]+)*"
                        r"(?::[^;{}]*(?:\{[^{}]*\}[^;{}]*)*)?\{")
    for match in opener.finditer(code):
        line_start = code.rfind("\n", 0, match.start()) + 1
        head = code[line_start:match.end()].lstrip()
        if re.match(r"(\}?\s*else\s+)?(if|for|while|switch|catch|do|namespace)\b", head):
            continue
        depth, i = 1, match.end()
        while i < len(code) and depth:
            depth += {"{": 1, "}": -1}.get(code[i], 0)
            i += 1
        first = code.count("\n", 0, match.end())
        size = code.count("\n", 0, i) - first + 1
        if size > FUNCTION_LINES_MAX:
            yield first + 1, f"a function of {size} lines; at most {FUNCTION_LINES_MAX}"


def texts(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if TODO_NOW.search(line):
            yield number, "unfinished: do it, or say in an issue why not"
        if MACHINE_PATH.search(line):
            yield number, "a path of one machine"


CPP_RULES = (includes, awaits, words, shape, functions, texts)
TEXT_RULES = (texts,)
