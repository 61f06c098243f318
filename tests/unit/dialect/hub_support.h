#pragma once
// Shared by the tests of the hub: readers of both dialects, and what Anthropic and OpenAI refuse.
#include <string>
#include <string_view>

#include "gateway/dialect/anthropic_write.h"
#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_dropped.h"
#include "gateway/dialect/openai_hub_write.h"

namespace steelyard::dialect::testing {

// "" or the refusal.
std::string read_chat(std::string_view body, hub::Request& out);
std::string read_messages(std::string_view body, hub::Request& out);
std::string read_responses(std::string_view body, hub::Request& out);

// The other dialect's body; a failure of the writer is returned as "!context".
std::string as_messages(const hub::Request& request, hub::Dropped& dropped,
                        const anthropic::WriteOptions& options);
std::string as_chat(const hub::Request& request, hub::Dropped& dropped,
                    const openai::HubWriteOptions& options);
std::string as_converse(const hub::Request& request, hub::Dropped& dropped, std::string_view model);
std::string as_responses(const hub::Request& request, hub::Dropped& dropped);
anthropic::WriteOptions usual_messages();
openai::HubWriteOptions usual_chat();

// What the provider would answer 400 to; "" when nothing is known against the body.
std::string fault_of_messages(std::string_view body);
std::string fault_of_chat(std::string_view body);
std::string fault_of_responses(std::string_view body);
std::string fault_of_converse(std::string_view body);

std::string names(const hub::Dropped& dropped);

}  // namespace steelyard::dialect::testing
