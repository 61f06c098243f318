#pragma once
// Anthropic's signatures of thinking say in clear which model made them, at least since Claude 4.5:
// a protobuf, base64, whose inner message has the name as its field 6. Seen in 83 of the 111
// recorded ones; the others are older and say nothing. So who made a thought is known without
// having seen the answer it came with.
#include <string>
#include <string_view>

namespace steelyard::dialect::anthropic {

// "claude-sonnet-5"; "" where the signature does not say it. `signature`: escaped, as it came.
std::string signing_model(std::string_view signature);

// Is `name`, as a catalogue or a provider has it ("claude-haiku-4-5",
// "us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5@20251001"), the model that
// signs as `signer` ("claude-haiku-4-5-20251001")? Dates count only where both have one.
bool is_signer(std::string_view name, std::string_view signer);

}  // namespace steelyard::dialect::anthropic
