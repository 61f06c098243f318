#pragma once
// What one provider signed, carried through a client of another dialect and back, without a memory
// (research/wire 2.7): clients send signatures back byte for byte, so what does not fit their
// dialect travels inside one. Nothing that begins with the tag is ever sent to a provider.
#include <string>
#include <string_view>

namespace steelyard::dialect::hub {

// Begins every signature that is not the provider's own.
inline constexpr std::string_view carrier_tag = "sy1.";
constexpr bool is_carrier(std::string_view signature) {
  return signature.starts_with(carrier_tag);
}

// OpenAI's encrypted reasoning as a signature; Anthropic's signature, and its redacted thinking, as
// encrypted content. What follows the tag is as its maker wrote it.
inline constexpr std::string_view openai_tag = "sy1.openai.";
inline constexpr std::string_view anthropic_tag = "sy1.anthropic.";
inline constexpr std::string_view redacted_tag = "sy1.redacted.";
// An element of OpenRouter's `reasoning_details` as a signature: base64url of the whole object.
inline constexpr std::string_view chat_tag = "sy1.chat.";

// Stands for the index that Anthropic gives the pages it found, on a page that another provider
// found.
inline constexpr std::string_view foreign_index = "sy1.cited";
// Are there such among a text's raw citations?
inline bool cites_foreign(std::string_view citations) {
  return citations.find("\"sy1.cited\"") != std::string_view::npos;
}

// A thoughtSignature of Gemini as the signature of a thinking block: of the call that follows, of
// the text before it, or of the thought it stands on. Texts are escaped.
enum class SignatureOf : unsigned char { call, text, thought };
void append_gemini_carrier(std::string& out, SignatureOf what, std::string_view signature);
// False: it is none of these.
bool read_gemini_carrier(std::string_view carrier, SignatureOf& what, std::string_view& signature);

// The other way round: blocks of thinking as the thoughtSignature of the call they led to, which is
// all that Gemini's clients send back. `blocks`: [{"t":text,"s":signature},{"r":redacted}],
// and once, behind the first, words_mark where words came in between;
// elements without the brackets. Appends standard base64, as SDKs decode it.
inline constexpr std::string_view words_mark = R"(,{"w":1})";
void append_thinking_carrier(std::string& out, std::string_view blocks);
// All of them begin with base64 of the tag.
inline constexpr std::string_view coded_tag = "c3kxLnRoaW5raW5n";
constexpr bool is_coded_carrier(std::string_view signature) {
  return signature.starts_with(coded_tag);
}
// False: it is none. `blocks` is replaced by the array, with its brackets.
bool open_thinking_carrier(std::string_view signature, std::string& blocks);

}  // namespace steelyard::dialect::hub
