#pragma once
// A stream run through a StreamTap in given pieces, and all that came of it.
#include <initializer_list>
#include <string>
#include <string_view>

#include "config/types/error.h"
#include "gateway/dialect/openai_stream.h"

namespace steelyard::dialect::testing {

struct Run {
  std::string passed, facts;  // bytes handed out; StreamFacts as JSON
  bool ok = false;            // of finish()
  ErrorKind error{};
  bool operator==(const Run&) const = default;
};

Run run(std::initializer_list<std::string_view> pieces, openai::TapOptions options);
Run run_bytewise(std::string_view bytes, openai::TapOptions options);

inline constexpr openai::TapOptions kPass{};
inline constexpr openai::TapOptions kDrop{true, false};

}  // namespace steelyard::dialect::testing
