#include "gateway/dialect/openai_watch.h"

#include "gateway/dialect/chunk_scan.h"
#include "gateway/dialect/openai_answer.h"
#include "gateway/dialect/openai_response.h"
#include "gateway/dialect/sse.h"

namespace steelyard::dialect::openai {
namespace {

constexpr std::size_t kNameKept = 128;

std::string_view trimmed(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

void keep_name(std::string& out, std::string_view name) {
  if (!name.empty() && name != out) out = name.substr(0, kNameKept);
}

}  // namespace

void StreamWatch::take_line(std::string_view line) {
  if (line.starts_with("data:")) [[likely]]
    return take_data(trimmed(line.substr(5)));
  const SseField field = parse_sse_field(line);
  if (field.name == SseField::Name::data) return take_data({});  // "data" without a colon
  if (field.name == SseField::Name::event) error_event_ = field.value == "error";
  // llama.cpp's server used to end a broken stream with a line "error: {...}", which is no SSE
  // field.
  if (field.name == SseField::Name::unknown && line.starts_with("error:")) fail_with(field.value);
}

void StreamWatch::skip_line() {
  ++data_lines_;
  ++facts_.unparsed;
  usage_only_ = false;
  raise(StreamPhase::content);  // a megabyte is no preamble
}

void StreamWatch::refuse_line() {
  if (!facts_.fault) facts_.fault = too_long_fault();
  raise(StreamPhase::failed);
}

// Nearly every event has one data line with a whole document; that one is looked at where it lies.
// Others are joined first.
void StreamWatch::take_data(std::string_view data) {
  ++data_lines_;
  const bool whole =
      data.empty() || data == "[DONE]" || (data.front() == '{' && data.back() == '}');
  if (data_lines_ == 1 && whole) return inspect(data);
  usage_only_ = false;
  if (joined_.size() + data.size() > SseDecoder::event_bytes_max) return;
  if (!joined_.empty()) joined_ += '\n';
  joined_ += data;
}

bool StreamWatch::end_event() {
  if (!joined_.empty()) {
    inspect(joined_);
    usage_only_ = false;
    std::string().swap(joined_);
  }
  const bool usage_only = usage_only_ && data_lines_ == 1 && !error_event_;
  data_lines_ = 0;
  usage_only_ = error_event_ = false;
  return usage_only;
}

void StreamWatch::inspect(std::string_view data) {
  if (data.empty()) return;
  if (data == "[DONE]") {
    facts_.done_seen = true;
    return raise(StreamPhase::done);
  }
  ++facts_.events;
  raise(StreamPhase::preamble);
  if (error_event_) return fail_with(data);
  parse(data);
}

void StreamWatch::parse(std::string_view json) {
  AnswerDocument document;
  AnswerGaps gaps;
  const AnswerSinks sinks{&facts_.tool_names, StreamFacts::tool_names_bytes_max, nullptr,
                          shapes_ != nullptr ? &gaps : nullptr, &facts_.states};
  const bool whole = read_answer(json, document, sinks);
  if (!whole) ++facts_.unparsed;
  last_known_ = 0;
  if (document.usage.present) facts_.usage = document.usage;
  if (document.finish != FinishReason::none) facts_.finish = document.finish;
  facts_.finishes.merge(document.finishes);
  facts_.tool_calls += document.tool_calls;
  facts_.output_bytes += document.text_bytes;
  facts_.pieces += document.text_bytes > 0 ? 1 : 0;
  keep_name(facts_.model, document.model);
  keep_name(facts_.service_tier, document.service_tier);
  if (document.begun || !document.finishes.empty()) raise(StreamPhase::content);
  if (document.fault) {
    if (!facts_.fault) facts_.fault = std::move(document.fault);
    return raise(StreamPhase::failed);
  }
  usage_only_ = whole && document.choices && document.choice_count == 0 && document.usage.present &&
                empty_choices(json) == EmptyChoices::yes;
  if (whole && shapes_ != nullptr) learn(json, document, gaps);
}

// A plain piece of text, nothing begins or ends with it.
void StreamWatch::learn(std::string_view json, const AnswerDocument& document,
                        const AnswerGaps& gaps) {
  const bool plain = document.choice_count > 0 && document.begun && document.finishes.empty() &&
                     document.tool_calls == 0;
  if (!plain || document.model.size() > kNameKept || document.service_tier.size() > kNameKept)
    return;
  if (!shapes_->wants_more()) return;
  shapes_->learn(json, gaps, document.text_bytes,
                 {document.usage,
                  FinishReason::none,
                  {},
                  std::string(document.model),
                  std::string(document.service_tier)});
}

void StreamWatch::take_known(const AnswerShape& shape, const GapValues& values) {
  ++facts_.events;
  ++facts_.pieces;
  facts_.output_bytes += values.text_bytes();
  if (values.usage.present) facts_.usage = values.usage;
  if (shape.id() != last_known_) {
    keep_name(facts_.model, shape.facts().model);
    keep_name(facts_.service_tier, shape.facts().service_tier);
    last_known_ = shape.id();
  }
  raise(StreamPhase::content);
}

void StreamWatch::fail_with(std::string_view json) {
  if (!facts_.fault) facts_.fault = parse_error(200, json);
  raise(StreamPhase::failed);
}

void StreamWatch::raise(StreamPhase phase) {
  facts_.content_seen = facts_.content_seen || phase == StreamPhase::content;
  if (phase > phase_) phase_ = phase;
}

Result<void> StreamWatch::verdict(bool ends_without_done) const {
  if (phase_ == StreamPhase::failed) return fail(to_error(facts_.fault, 200));
  if (facts_.done_seen || (ends_without_done && !facts_.finishes.empty())) return {};
  const Retry retry = facts_.content_seen ? Retry::never : Retry::next_target;
  return fail(ErrorKind::upstream_protocol, ErrorSource::upstream, retry,
              "the provider's stream ended before it was complete");
}

}  // namespace steelyard::dialect::openai
