#include "gateway/telemetry/log.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <string>

using namespace steelyard;
using namespace steelyard::telemetry;

namespace {

// What is written to standard error while `action` runs.
template <class Action>
std::string captured(Action action) {
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  const int before = ::dup(2);
  ::dup2(::fileno(file), 2);
  action();
  ::dup2(before, 2);
  ::close(before);
  std::string text(65536, '\0');
  std::rewind(file);
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE("log: levels by name") {
  CHECK(parse_log_level("debug").value() == LogLevel::debug);
  CHECK(parse_log_level("warning").value() == LogLevel::warn);
  CHECK(parse_log_level("off").value() == LogLevel::off);
  for (const char* bad : {"", "Info", "verbose", "info "}) {
    CAPTURE(bad);
    const auto level = parse_log_level(bad);
    REQUIRE_FALSE(level.has_value());
    CHECK(level.error().kind == ErrorKind::bad_request);
  }
}

TEST_CASE("log: only what the level lets through, one line each") {
  struct Row {
    LogLevel level;
    const char* expected;  // first letters of the lines
  };
  for (const Row& row :
       {Row{LogLevel::debug, "diwe"}, Row{LogLevel::info, "iwe"}, Row{LogLevel::warn, "we"},
        Row{LogLevel::error, "e"}, Row{LogLevel::off, ""}}) {
    configure_log(row.level);
    const std::string text = captured([] {
      log_debug("d{}", 1);
      log_info("i{}", 2);
      log_warn("w{}", 3);
      log_error("e{}", 4);
    });
    std::string seen;
    for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos; ++at)
      seen += text[text.rfind(' ', at) + 1];
    CHECK(seen == row.expected);
  }
  configure_log(LogLevel::info);
}

TEST_CASE("log: a peer's bytes cannot forge a line or drive a terminal") {
  configure_log(LogLevel::info);
  const std::string text =
      captured([] { log_warn("peer said {}", "x\n2026 error\x1b[31m \"quoted\" \x7f ü"); });
  CHECK(text.find("peer said x\\x0a2026 error\\x1b[31m \"quoted\" \\x7f ü\n") != text.npos);
  CHECK(text.find('\n') == text.size() - 1);
}
