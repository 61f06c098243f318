#pragma once
// For whom a request is made that passes as it is, and which model it asks: as far as its path and
// its body say so, for budgets that count users or models. Pure.
#include <string_view>

namespace steelyard {

struct PassAsker {
  std::string_view user;   // OpenAI's `user`, Anthropic's `metadata.user_id`; escaped
  std::string_view model;  // "": none is named, or several
  bool several_models = false;
};

// `body`: whole, in JSON, as a form, or anything else. The answer's views point into both.
PassAsker who_asks(std::string_view target, std::string_view body);

}  // namespace steelyard
