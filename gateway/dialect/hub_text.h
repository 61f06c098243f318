#pragma once
// Small questions about escaped text (the inside of a JSON string), and the spelling of tool ids.
#include <initializer_list>
#include <string>
#include <string_view>

namespace steelyard::dialect::hub {

// Nothing but white space, however it is spelled. Anthropic refuses such text blocks.
bool is_blank(std::string_view escaped);

// "data:image/png;base64,AAAA" taken apart, escaped slashes allowed; false for any other text.
// Without a media type, `media_type` is empty.
bool split_data_url(std::string_view escaped, std::string_view& media_type,
                    std::string_view& base64);

// Is `json` one JSON document? Is it an object?
bool is_json(std::string_view json);
bool is_json_object(std::string_view json);
// As is_json_object(), of what a model wrote: half a surrogate pair in it is taken.
bool is_answered_object(std::string_view json);

// A call id that matches ^[A-Za-z0-9_-]{1,64}$, the rule of Anthropic and of Bedrock: the id itself
// if it does, else made from it. The same id always gives the same text, and different ids
// different ones, so calls and results stay together without a memory. Appends to `out`.
void append_legal_id(std::string& out, std::string_view escaped_id);

// 32 hexadecimal digits that tell apart the lists of pieces of one conversation: the same pieces
// give the same digits, for ids that must be made up. Appends to `out`.
void append_digest(std::string& out, std::initializer_list<std::string_view> pieces);

// RFC 4648 section 5, without padding.
void append_base64url(std::string& out, std::string_view bytes);
// False, and `out` as it was, if `text` is not base64url.
bool decode_base64url(std::string& out, std::string_view text);

// RFC 4648 section 4, with padding.
void append_base64(std::string& out, std::string_view bytes);
// Either alphabet, padded or not: clients write it anew in their own way. False, and `out` as it
// was, if `text` is neither.
bool decode_base64(std::string& out, std::string_view text);

}  // namespace steelyard::dialect::hub
