#pragma once
// The top-level request fields the gateway knows by name, and sets of them. A model's `refuses`
// list is turned into a FieldSet once, at load; testing a request against it is one AND.
#include <cstdint>
#include <optional>
#include <string_view>

namespace steelyard::dialect {

// Order is the order of the names in fields.cpp; names are the wire's.
enum class Field : std::uint8_t {
  model,
  messages,
  stream,
  stream_options,
  max_tokens,
  max_completion_tokens,
  n,
  tools,
  tool_choice,
  response_format,
  reasoning_effort,
  user,
  prompt_cache_key,
  metadata,
  service_tier,
  prediction,  // up to here: read by the gateway
  temperature,
  top_p,
  top_k,
  min_p,
  frequency_penalty,
  presence_penalty,
  repetition_penalty,
  logit_bias,
  logprobs,
  top_logprobs,
  seed,
  stop,
  parallel_tool_calls,
  modalities,
  audio,
  web_search_options,
  verbosity,
  store,
  safety_identifier,
  prompt_cache_options,
  prompt_cache_retention,
  moderation,
  functions,
  function_call,
  reasoning,
  thinking,
};
inline constexpr std::size_t fields_count = static_cast<std::size_t>(Field::thinking) + 1;

class FieldSet {
 public:
  constexpr void add(Field f) { bits_ |= bit(f); }
  constexpr bool has(Field f) const { return (bits_ & bit(f)) != 0; }
  constexpr bool intersects(FieldSet other) const { return (bits_ & other.bits_) != 0; }
  constexpr FieldSet operator&(FieldSet other) const { return FieldSet(bits_ & other.bits_); }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr std::uint64_t bits() const { return bits_; }
  constexpr FieldSet() = default;

 private:
  constexpr explicit FieldSet(std::uint64_t bits) : bits_(bits) {}
  static constexpr std::uint64_t bit(Field f) { return std::uint64_t{1} << static_cast<int>(f); }
  std::uint64_t bits_ = 0;
};
static_assert(fields_count <= 64);

std::string_view name_of(Field field);
// nullopt for a name the gateway does not know.
std::optional<Field> field_named(std::string_view name);

}  // namespace steelyard::dialect
