"""Snippets that a rule must catch, and snippets that it must leave alone."""

HEADER = "#pragma once\n"
LONG_BODY = "  work();\n"

# (why, rule, path, text, how many findings)
CASES = [
    ("policies may not include the gateway", "includes", "policies/a.cpp", '#include "gateway/net/dialer.h"\n', 1),
    ("types include nothing", "includes", "config/types/a.h", '#include "config/spec/model_spec.h"\n', 1),
    ("types include each other", "includes", "config/types/a.h", '#include "config/types/money.h"\n', 0),
    ("the router sees policies", "includes", "router/a.cpp", '#include "policies/facts.h"\n', 0),
    ("policies may not see the router", "includes", "policies/a.cpp", '#include "router/plan.h"\n', 1),
    ("the router may not load YAML", "includes", "router/a.cpp", '#include "config/load.h"\n', 1),
    ("net may not see telemetry", "includes", "gateway/net/a.cpp", '#include "gateway/telemetry/log.h"\n', 1),
    ("the pipeline sees all", "includes", "gateway/pipeline.cpp", '#include "gateway/telemetry/log.h"\n', 0),
    ("includes are paths from the top", "includes", "router/a.cpp", '#include "plan.h"\n', 1),
    ("no Boost in the pure part", "includes", "router/a.cpp", "#include <boost/asio/io_context.hpp>\n", 1),
    ("no thread in the pure part", "includes", "policies/a.cpp", "#include <thread>\n", 1),
    ("no chance in the pure part", "includes", "router/ledger/a.cpp", "#include <random>\n", 1),
    ("threads in the gateway", "includes", "gateway/worker.cpp", "#include <thread>\n", 0),

    ("aggregate in an await", "awaits", "gateway/a.cpp", "void f() {\n  co_await send(Request{1});\n}\n", 1),
    ("lambda in an await", "awaits", "gateway/a.cpp", "void f() {\n  co_await run([p] () -> int; );\n}\n", 1),
    ("choice in an await", "awaits", "gateway/a.cpp", "void f() {\n  co_await (a ? f() : g());\n}\n", 1),
    ("over several lines", "awaits", "gateway/a.cpp", "void f() {\n  auto x = co_await send(\n      Request{1});\n}\n", 1),
    ("the await comes second", "awaits", "gateway/a.cpp", "void f() {\n  post(co_await exec(), [p] (int); );\n}\n", 1),
    ("a named value", "awaits", "gateway/a.cpp", "void f() {\n  Request r{1};\n  co_await send(std::move(r));\n}\n", 0),
    ("in a condition", "awaits", "gateway/a.cpp", "void f() {\n  if (co_await g()) {\n    h();\n  }\n}\n", 0),
    ("aggregate in a condition", "awaits", "gateway/a.cpp", "void f() {\n  if (co_await g(A{1})) {\n    h();\n  }\n}\n", 1),
    ("in a loop", "awaits", "gateway/a.cpp", "void f() {\n  while (!co_await g()) h();\n}\n", 0),
    ("structured binding", "awaits", "gateway/a.cpp", "void f() {\n  auto [ec, n] = co_await g();\n}\n", 0),
    ("subscript", "awaits", "gateway/a.cpp", "void f() {\n  co_await list[0].run();\n}\n", 0),
    ("in a comment", "awaits", "gateway/a.cpp", "// co_await f({1});\n", 0),
    ("inside a named lambda", "awaits", "gateway/a.cpp", "void f() {\n  auto g = [](int n) -> T { co_await h(n); };\n}\n", 0),

    ("a clock outside sys", "words", "gateway/a.cpp", "auto t = std::chrono::steady_clock::now();\n", 1),
    ("the clock in sys", "words", "gateway/sys/clock.cpp", "auto t = std::chrono::steady_clock::now();\n", 0),
    ("time(nullptr)", "words", "router/a.cpp", "auto t = time(nullptr);\n", 1),
    ("a clock in a string", "words", "gateway/a.cpp", 'auto t = "steady_clock::now";\n', 0),
    ("chance outside sys", "words", "gateway/a.cpp", "std::random_device d;\n", 1),
    ("std::regex", "words", "tests/unit/a.cpp", "std::regex r;\n", 1),
    ("a lock without a reason", "words", "gateway/a.cpp", "std::mutex m;\n", 1),
    ("a lock with a reason", "words", "gateway/telemetry/labels.h", HEADER + "std::mutex m;\n", 0),
    ("composed operation", "words", "gateway/a.cpp", "co_await http::async_read(s, b, m);\n", 1),
    ("Beast in a header", "words", "gateway/a.h", HEADER + "#include <boost/beast/http.hpp>\n", 1),
    ("Beast in a source", "words", "gateway/a.cpp", "#include <boost/beast/http.hpp>\n", 0),
    ("using namespace in a header", "words", "router/a.h", HEADER + "using namespace std;\n", 1),
    ("a digit separator is no character", "words", "router/a.cpp", "int a = 1'000; std::mutex m; int b = 1'0;\n", 1),
    ("a raw string is a string", "words", "router/a.cpp", 'auto a = R"(" std::mutex m)"; int b;\n', 0),

    ("no pragma", "shape", "router/a.h", "// A comment.\nint a;\n", 1),
    ("pragma", "shape", "router/a.h", HEADER + "int a;\n", 0),
    ("101 columns", "shape", "router/a.cpp", "x" * 101 + "\n", 1),
    ("100 columns", "shape", "router/a.cpp", "x" * 100 + "\n", 0),
    ("401 lines", "shape", "router/a.cpp", "x\n" * 401, 1),
    ("400 lines", "shape", "router/a.cpp", "x\n" * 400, 0),
    ("a long raw string", "shape", "router/a.cpp", 'auto a = R"x(' + "y" * 200 + ')x";\n', 0),
    ("a long plain string", "shape", "router/a.cpp", 'auto a = "' + "y" * 200 + '";\n', 1),
    ("a tab", "shape", "router/a.cpp", "\tint a;\n", 1),
    ("blanks at the end", "shape", "router/a.cpp", "int a; \n", 1),
    ("no newline", "shape", "router/a.cpp", "int a;", 1),

    ("61 lines", "functions", "router/a.cpp", "void f(int a) const {\n" + LONG_BODY * 59 + "}\n", 1),
    ("60 lines", "functions", "router/a.cpp", "void f(int a) const {\n" + LONG_BODY * 58 + "}\n", 0),
    ("a constructor", "functions", "router/a.cpp", "A::A(int a)\n    : a_(a), b_{1} {\n" + LONG_BODY * 60 + "}\n", 1),
    ("a trailing return", "functions", "router/a.cpp", "auto f(int a) -> std::vector<int> {\n" + LONG_BODY * 60 + "}\n", 1),
    ("a long loop in a short file", "functions", "router/a.cpp", "for (;;) {\n" + LONG_BODY * 60 + "}\n", 0),
    ("a long test", "functions", "tests/unit/a.cpp", "void f(int a) const {\n" + LONG_BODY * 59 + "}\n", 0),
    ("a class is no function", "functions", "router/a.h", "class A {\n" + "  int f();\n" * 70 + "};\n", 0),

    ("unfinished", "texts", "router/a.cpp", "// TODO" + "(now): finish\n", 1),
    ("a machine's path", "texts", "README.md", "see /ho" + "me/me/notes\n", 1),
    ("a path of the system", "texts", "README.md", "see /etc/steelyard and /run/secrets\n", 0),
]


def run(rules):
    """Yields (why, whether the rule did as it should)."""
    for why, rule, path, text, expected in CASES:
        found = list(getattr(rules, rule)(path, text))
        yield f"{rule}: {why}: {len(found)} findings, not {expected}: {found}", len(found) == expected
