#pragma once
// Errors as OpenAI-compatible providers say them: six shapes of body, and what each means
// (research/wire 2.8).
#include <string_view>

#include "gateway/dialect/fault.h"
#include "gateway/dialect/lenient_reader.h"

namespace steelyard::dialect::openai {

// Collects what an error document says, wherever in it.
class FaultReader {
 public:
  // The value of `error`: an object {message,type,code,...}, a string, or null. Sets seen() unless
  // null.
  bool read_error_value(LenientReader& reader);
  // Members of the document itself: {"message","code","type","object":"error"} and {"detail": ...}.
  bool read_detail(LenientReader& reader);
  bool read_message(LenientReader& reader) { return reader.text_or_number(fault_.message); }
  // Of the document itself: what `error` said about itself stays.
  bool read_type(LenientReader& reader) { return unless_set(reader, fault_.type); }
  bool read_code(LenientReader& reader) { return unless_set(reader, fault_.code); }

  bool seen() const { return seen_; }
  // True if the document's own members make an error although there was no `error`.
  bool looks_like_fault() const {
    return !fault_.message.empty() && (!fault_.code.empty() || !fault_.type.empty() || detail_);
  }
  // The fault with its class; `status` 200 for an error inside a successful answer.
  UpstreamFault take(int status);

 private:
  static bool unless_set(LenientReader& reader, std::string& out) {
    return out.empty() ? reader.text_or_number(out) : reader.cursor.skip_value();
  }
  bool read_first_message(LenientReader& reader);
  UpstreamFault fault_;
  bool seen_ = false, detail_ = false;
};

// The class from everything known. `status` 200: from the texts alone.
FaultClass classify(int status, const UpstreamFault& fault);

}  // namespace steelyard::dialect::openai
