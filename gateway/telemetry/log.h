#pragma once
// The operational log, for people: standard error, one line per event. Requests go to the decision
// log, not here. A Secret cannot be formatted (it has no formatter); keys, headers and bodies are
// never passed in.
#include <fmt/core.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "config/types/result.h"

namespace steelyard::telemetry {

enum class LogLevel : std::uint8_t { debug, info, warn, error, off };

// "debug", "info", "warn", "error", "off"; else bad_request naming the choices.
Result<LogLevel> parse_log_level(std::string_view name);

// Sets level and format for the process. Safe to call again (reload); before the first call the
// level is info.
void configure_log(LogLevel level);
bool log_enabled(LogLevel level);

// One line; control bytes in `text` are shown escaped, so a peer cannot forge lines. Thread-safe.
void log_line(LogLevel level, std::string_view text);

template <class... A>
void log_debug(fmt::format_string<A...> format, A&&... args) {
  if (log_enabled(LogLevel::debug))
    log_line(LogLevel::debug, fmt::format(format, std::forward<A>(args)...));
}
template <class... A>
void log_info(fmt::format_string<A...> format, A&&... args) {
  if (log_enabled(LogLevel::info))
    log_line(LogLevel::info, fmt::format(format, std::forward<A>(args)...));
}
template <class... A>
void log_warn(fmt::format_string<A...> format, A&&... args) {
  if (log_enabled(LogLevel::warn))
    log_line(LogLevel::warn, fmt::format(format, std::forward<A>(args)...));
}
template <class... A>
void log_error(fmt::format_string<A...> format, A&&... args) {
  if (log_enabled(LogLevel::error))
    log_line(LogLevel::error, fmt::format(format, std::forward<A>(args)...));
}

}  // namespace steelyard::telemetry
