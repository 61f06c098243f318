#pragma once
// Head fields that belong to what a body says, or that clients of one dialect look for in answers:
// they pass between a client and a provider of the same dialect, by name; nothing else of a head
// does. What says whose the account is, what is left of it, and who the client is stays here.
#include <string>
#include <string_view>

#include "gateway/dialect/hub.h"
#include "gateway/net/head_reader.h"
#include "gateway/net/response_head.h"

namespace steelyard {

// Longer values are left out, and so is what does not fit.
inline constexpr std::size_t paired_value_bytes_max = 4096, paired_bytes_max = 6144;

// One such line; nothing where the value is empty, too long or not of visible characters.
void append_pair(std::string& out, std::string_view name, std::string_view value);

// Of the client's request, as lines with CRLF behind `out`. `own`: lines that go out anyway; what
// is in there wins. Anthropic's are in append_anthropic_lines (chat_foreign.h).
void append_request_pairs(std::string& out, dialect::hub::Wire wire, const net::RequestHead& head,
                          std::string_view own);

// Of the provider's answer, the same way.
void append_answer_pairs(std::string& out, dialect::hub::Wire wire, const net::ResponseHead& head);

}  // namespace steelyard
