#pragma once
// What may be passed through to a provider as it is: nothing, unless it is written down.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/types/money.h"
#include "config/types/span.h"

namespace steelyard {

// Bits of PassRuleSpec::methods.
enum class PassMethod : std::uint8_t { get = 1, post = 2, put = 4, patch = 8, del = 16 };

struct PassRuleSpec {
  Located<std::string> provider;   // by name
  std::vector<std::string> paths;  // globs over what stands behind /{provider}, without a version
  std::uint8_t methods =
      static_cast<std::uint8_t>(PassMethod::get) | static_cast<std::uint8_t>(PassMethod::post);
  std::optional<NanoUsd> price_per_call;  // of an answer that is no error; $0: free
  std::optional<NanoUsd> hold;            // the most a call may cost; settled from reported usage
  std::int64_t hold_tokens = 1;           // likewise, of a team's quota of tokens
  SourceSpan at;
};

}  // namespace steelyard
