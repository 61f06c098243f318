#pragma once
// What a translation between two dialects could not carry: told to the client in
// `x-steelyard-dropped-fields`, in the receipt, and counted. A fixed, small set of names, so that a
// test or a dashboard can rely on them.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace steelyard {

// Names on the wire: losses.cpp, in this order.
enum class Loss : std::uint8_t {
  temperature,  // left out, or lowered to what the target takes
  top_p,
  top_k,
  penalties,
  seed,
  logit_bias,
  logprobs,
  stop,  // more stop sequences than the target takes
  n,
  user,
  metadata,
  service_tier,
  cache_control,
  prompt_cache_key,
  response_format,  // asked for by instruction instead of by constraint
  schema_details,   // name, description or strictness of a schema
  tool_choice,
  parallel_tool_calls,
  tools,           // server tools and custom tools the target does not have
  tool_arguments,  // not a JSON object: wrapped into one
  tool_error,      // is_error became text
  tool_images,     // moved out of the tool result
  reasoning,       // settings
  thinking,        // blocks of earlier turns
  citations,
  audio,
  documents,
  images,
  image_detail,
  native_parts,
  names,  // of message authors
  refusal,
  empty_text,
  store,   // the answer is not kept for later
  betas,   // values of `anthropic-beta` the provider does not take
  fields,  // only the dialect that said them has them
  // Of answers.
  stop_reason,  // why the answer ended, where the client's dialect has no such reason
  safety,       // what a filter found in prompt or answer
};
inline constexpr std::size_t losses_count = static_cast<std::size_t>(Loss::safety) + 1;
std::string_view name_of(Loss loss);

class Dropped {
 public:
  constexpr Dropped() = default;
  constexpr explicit Dropped(std::uint64_t bits) : bits_(bits) {}
  constexpr void add(Loss loss) { bits_ |= bit(loss); }
  constexpr bool has(Loss loss) const { return (bits_ & bit(loss)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr void clear() { bits_ = 0; }
  constexpr void add(Dropped other) { bits_ |= other.bits_; }
  constexpr std::uint64_t bits() const { return bits_; }  // bit i: Loss i
  // Appends the names, in the order of Loss, with commas between: a header's value.
  void append_names(std::string& out) const;

 private:
  static constexpr std::uint64_t bit(Loss loss) {
    return std::uint64_t{1} << static_cast<unsigned>(loss);
  }
  std::uint64_t bits_ = 0;
};
static_assert(losses_count <= 64);

}  // namespace steelyard
