#pragma once
// Which paths of a provider a key may reach as they are, and what such a call may cost. Nothing,
// unless the configuration says so. Pure.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/spec/pass_spec.h"
#include "gateway/net/head_reader.h"
#include "policies/glob.h"

namespace steelyard {

struct Principal;
struct Runtime;

struct PassRule {
  std::int32_t provider = -1;  // index into Runtime::providers
  std::vector<policies::Glob> paths;
  std::uint8_t methods = 0;  // bits of PassMethod
  std::optional<NanoUsd> price_per_call, hold;
  std::int64_t hold_tokens = 1;
};

// A target's path that a provider may be shown: plain bytes, no dot segments, no empty ones,
// nothing encoded, so that what was matched is what the provider sees. `path`: without the query.
bool is_plain_path(std::string_view path);

struct PassMatch {
  std::int32_t provider = -1;      // -1: the path names none
  const PassRule* rule = nullptr;  // null: this key may not
  std::string_view rest;           // what rules match: "/images/generations"
};
// `target`: "/openai/v1/images/generations?x=y". `principal` may be null: then there is no rule.
PassMatch match_pass(const Runtime& runtime, const Principal* principal, net::Method method,
                     std::string_view target);

}  // namespace steelyard
