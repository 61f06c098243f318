#pragma once
// One part of an answer of Gemini's, and the names of why an answer ended. Used by
// gemini_events.cpp.
#include <string_view>

#include "gateway/dialect/lenient_reader.h"

namespace steelyard::dialect::gemini {

struct AnswerPart {
  enum class Kind : unsigned char {
    nothing,    // the end of a call's arguments, an empty part
    text,       // words, or thoughts
    signature,  // of what came before, without text
    call,
    native,  // pictures, code, tools of the server
  };
  Kind kind = Kind::nothing;
  bool thought = false;
  bool beside = false;  // its words or its call stand beside members that are not known
  std::string_view text, signature;  // escaped
  std::string_view id, name;         // escaped, of a call
  std::string_view arguments;        // raw JSON object; "" none given
};

AnswerPart read_part(std::string_view json);

}  // namespace steelyard::dialect::gemini
