#pragma once
// Fields of a Messages request that only a value of `anthropic-beta` makes known. Header and field
// travel in pairs (research/wire 0.1, rule 5): a provider that does not get the one refuses the
// other. So where a value is left out, its fields are cut from the body, and nothing else is
// touched.
//
// The pairs are those of the SDK's types and of Claude Code (2.1.330, both of 2026-11). Not in the
// table, because they are taken without a header today: `cache_control.ttl` (also by Bedrock, since
// Claude 4.5), `output_config.format`, `strict` of a tool. Blocks of the conversation itself are
// never cut.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "config/types/losses.h"
#include "gateway/dialect/lost_fields.h"

namespace steelyard::dialect::anthropic {

// Objects of the request that hold such fields.
enum class BetaPlace : std::uint8_t {
  none,
  body,
  thinking,
  output_config,
  container,
  context_management,
  edit,     // each of context_management.edits
  message,  // each of them
  tool,     // each
  block,    // of the system prompt and of messages
  mark,     // cache_control, wherever one may stand
};

struct BetaField {
  std::string_view beta;  // how the header's value begins, up to its date
  BetaPlace place;
  std::string_view key;        // `type`: the whole edit or tool of that type
  std::string_view value{};    // how the field's value begins; empty: any
  std::string_view instead{};  // another name of the beta, by which clouds know it
};

std::span<const BetaField> beta_fields();
using BetaFieldSet = std::uint64_t;  // bit i: beta_fields()[i]

// The fields that belong to one value of the header.
BetaFieldSet fields_of_beta(std::string_view beta);
// Those of `set` that no beta of `kept` makes known too.
BetaFieldSet only_theirs(BetaFieldSet set, BetaFieldSet kept);
// Those of `set` that stand in `body`; none if that is not JSON.
BetaFieldSet find_beta_fields(std::string_view body, BetaFieldSet set);
// Writes `body` without the fields of `set` to `out` (elsewhere). An object or list that had
// nothing else goes as a whole; a `tool_choice` goes with the tool it names. Returns what was cut.
// Nothing: `out` stays as it was.
BetaFieldSet cut_beta_fields(std::string_view body, BetaFieldSet set, std::string& out);
// Says so: tools by Loss::tools, the rest by name.
void tell_beta_fields(BetaFieldSet cut, Dropped& dropped, LostFields& names);

}  // namespace steelyard::dialect::anthropic
