#include "gateway/usage_watch.h"

#include <algorithm>

#include "gateway/dialect/lenient_reader.h"
#include "gateway/dialect/openai_usage.h"

namespace steelyard {
namespace {

constexpr std::string_view usage_key = "\"usage\"", model_key = "\"model\"", text_key = "\"text\"",
                           form_key = "name=\"model\"";
constexpr std::size_t usage_bytes = 4u << 10;  // the longest on record: 900
// A key, white space and a model's name must fit what is looked at again.
constexpr std::size_t carry_bytes = 256;

std::string_view after_colon(std::string_view text) {
  const std::size_t at = text.find_first_not_of(" \t\r\n");
  if (at == std::string_view::npos || text[at] != ':') return {};
  text.remove_prefix(at + 1);
  const std::size_t value = text.find_first_not_of(" \t\r\n");
  return value == std::string_view::npos ? std::string_view() : text.substr(value);
}

}  // namespace

// `rest`: behind the key. A name that is not there whole yet is looked at again with the next
// bytes.
void UsageWatch::name_model(std::string_view rest, bool form) {
  std::string_view name;
  if (form) {
    const std::size_t begin = rest.find("\r\n\r\n");
    if (begin == std::string_view::npos) return;
    rest.remove_prefix(begin + 4);
    const std::size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) return;
    name = rest.substr(0, end);
  } else {
    rest = after_colon(rest);
    if (!rest.starts_with('"')) return;
    const std::size_t end = rest.find('"', 1);
    if (end == std::string_view::npos) return;
    name = rest.substr(1, end - 1);
  }
  if (models_ != 0 && name == model_) return;
  ++models_;
  model_ = name;
}

// `seen`: bytes at the front that were looked at before.
void UsageWatch::look(std::string_view bytes, std::size_t seen) {
  for (const bool form : {false, true}) {
    const std::string_view key = form ? form_key : model_key;
    for (std::size_t at = bytes.find(key); at != std::string_view::npos;
         at = bytes.find(key, at + 1))
      name_model(bytes.substr(at + key.size()), form);
  }
  done_ = done_ || (wants_done_ && bytes.find("data: [DONE]") != std::string_view::npos);
  const std::size_t at = bytes.rfind(usage_key);
  if (at == std::string_view::npos || at + usage_key.size() <= seen) return;
  // What stands behind it is taken from here; what follows is appended by feed().
  candidate_.assign(bytes.substr(at + usage_key.size(), usage_bytes));
  wanted_ = usage_bytes - candidate_.size();
}

void UsageWatch::feed(std::string_view bytes) {
  // What a text string holds, byte by byte only inside of one.
  for (std::size_t at = 0; at < bytes.size();) {
    if (!in_text_) {
      at = bytes.find(text_key, at);
      if (at == std::string_view::npos) break;
      at += text_key.size();
      const std::string_view value = after_colon(bytes.substr(at));
      if (!value.starts_with('"')) continue;
      at = static_cast<std::size_t>(value.data() - bytes.data()) + 1;
      in_text_ = true;
      escaped_ = false;
      continue;
    }
    const char c = bytes[at++];
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_text_ = false;
      continue;
    }
    ++text_bytes_;
  }
  if (wanted_ != 0) {
    const std::size_t more = std::min(wanted_, bytes.size());
    candidate_.append(bytes.substr(0, more));
    wanted_ -= more;
  }
  const std::size_t seen = carry_.size();
  carry_.append(bytes);
  look(carry_, seen);
  if (carry_.size() > carry_bytes) carry_.erase(0, carry_.size() - carry_bytes);
}

dialect::ReportedUsage UsageWatch::usage() const {
  dialect::ReportedUsage usage;
  const std::string_view value = after_colon(candidate_);
  if (!value.starts_with('{')) return usage;
  dialect::LenientReader reader(value);
  (void)dialect::openai::read_usage(reader, usage);
  return usage;
}

}  // namespace steelyard
