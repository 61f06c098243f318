#include "gateway/dialect/splice.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "gateway/dialect/openai_request.h"

namespace steelyard::dialect {
namespace {

constexpr std::string_view key_text(LimitKey key) {
  switch (key) {
    case LimitKey::max_completion_tokens: return "\"max_completion_tokens\"";
    case LimitKey::max_output_tokens: return "\"max_output_tokens\"";
    default: return "\"max_tokens\"";
  }
}

}  // namespace

Result<void> SplicedBody::build(const ChatRequest& request, const BodyEdits& edits) {
  edit_count_ = kept_ = 0;
  if (!edits.model.empty() && edits.model != request.model) {
    if (!openai::is_model_token(edits.model)) {
      return fail(ErrorKind::internal, ErrorSource::gateway, Retry::never,
                  "a provider's model name is not a model token");
    }
    const std::size_t begin = kept_;
    keep("\"");
    keep(edits.model);
    keep("\"");
    replace(request.model_token, {text_.data() + begin, kept_ - begin});
  }
  if (edits.include_usage && request.stream && !request.include_usage) edit_usage(request);
  edit_limits(request, edits);
  assemble(request.body);
  return {};
}

void SplicedBody::edit_usage(const ChatRequest& request) {
  if (!request.include_usage_value.empty()) return replace(request.include_usage_value, "true");
  if (request.stream_options.empty()) {
    const auto open = static_cast<std::uint32_t>(request.body.find('{') + 1);
    return replace({open, 0}, "\"stream_options\":{\"include_usage\":true},");
  }
  if (request.stream_options_empty)
    return replace(request.stream_options, "{\"include_usage\":true}");
  replace({request.stream_options.begin + 1, 0}, "\"include_usage\":true,");
}

void SplicedBody::edit_limits(const ChatRequest& request, const BodyEdits& edits) {
  const std::int64_t cap = edits.output_tokens_max;
  const OutputLimit* limits[] = {&request.max_tokens, &request.max_completion_tokens};
  const LimitKey names[] = {LimitKey::max_tokens, LimitKey::max_completion_tokens};
  const bool unset = request.output_tokens_max() == 0;
  const bool both = !limits[0]->key.empty() && !limits[1]->key.empty();
  bool capped = !unset || cap <= 0 || limits[0]->zero;
  for (int i = 0; i < 2; ++i) {
    const OutputLimit& limit = *limits[i];
    if (limit.key.empty()) continue;
    // With both keys there a rename would make a duplicate: the provider's own answer to that is
    // better than ours.
    if (!both && edits.limit_key != LimitKey::as_client && edits.limit_key != names[i]) {
      replace(limit.key, key_text(edits.limit_key));
    }
    const bool lower = cap > 0 && limit.tokens > cap;
    const bool fill =
        !capped && (!both || edits.limit_key == LimitKey::as_client || edits.limit_key == names[i]);
    if (lower || fill) replace(limit.value, keep_number(cap));
    capped = capped || fill;
  }
  if (capped) return;
  if (request.nested_limit) return insert_nested_limit(request, cap);
  const std::size_t begin = kept_;
  keep(key_text(edits.limit_key));
  keep(":");
  keep_number(cap);
  keep(",");
  const auto open = static_cast<std::uint32_t>(request.body.find('{') + 1);
  replace({open, 0}, {text_.data() + begin, kept_ - begin});
}

void SplicedBody::insert_nested_limit(const ChatRequest& request, std::int64_t cap) {
  const std::string_view parent = request.limit_parent.of(request.body);
  const bool object = parent.starts_with('{');
  const std::size_t inside = object ? parent.find_first_not_of(" \t\r\n", 1) : 0;
  const std::size_t begin = kept_;
  if (!object) {
    keep("\"generationConfig\":{\"maxOutputTokens\":");
    keep_number(cap);
    keep(parent.empty() ? "}," : "}");
  } else {
    keep("\"maxOutputTokens\":");
    keep_number(cap);
    if (parent[inside] != '}') keep(",");
  }
  std::string_view text(text_.data() + begin, kept_ - begin);
  if (object) return replace({request.limit_parent.begin + 1, 0}, text);
  const auto open = static_cast<std::uint32_t>(request.body.find('{') + 1);
  if (parent.empty()) return replace({open, 0}, text);
  text.remove_prefix(text.find('{'));  // in place of null
  replace(request.limit_parent, text);
}

void SplicedBody::replace(ByteRange at, std::string_view text) {
  if (edit_count_ < edits_.size()) edits_[edit_count_++] = {at, text};
}

std::string_view SplicedBody::keep(std::string_view text) {
  const std::size_t size = std::min(text.size(), text_.size() - kept_);
  std::memcpy(text_.data() + kept_, text.data(), size);
  kept_ += size;
  return {text_.data() + kept_ - size, size};
}

std::string_view SplicedBody::keep_number(std::int64_t value) {
  char digits[24];
  const auto done = std::to_chars(digits, digits + sizeof digits, value);
  return keep({digits, static_cast<std::size_t>(done.ptr - digits)});
}

void SplicedBody::assemble(std::string_view body) {
  const auto edits = std::span(edits_).first(edit_count_);
  // At most seven, and std::stable_sort allocates.
  for (std::size_t i = 1; i < edits.size(); ++i) {
    for (std::size_t k = i; k > 0 && edits[k].at.begin < edits[k - 1].at.begin; --k) {
      std::swap(edits[k], edits[k - 1]);
    }
  }
  count_ = size_ = 0;
  const auto add = [this](std::string_view part) {
    if (part.empty()) return;
    parts_[count_++] = part;
    size_ += part.size();
  };
  std::size_t done = 0;
  for (const Edit& edit : edits) {
    add(body.substr(done, edit.at.begin - done));
    add(edit.text);
    done = edit.at.end();
  }
  add(body.substr(done));
}

}  // namespace steelyard::dialect
