#include "gateway/telemetry/receipt_json.h"

#include "gateway/telemetry/json_put.h"
#include "gateway/telemetry/receipt.h"
#include "gateway/telemetry/receipt_fields.h"

namespace steelyard::telemetry {
namespace {

// What must still fit behind a list: the other lists empty, the counts of what was left out, the
// end of the line.
constexpr std::size_t kTail = 160;
static_assert(receipt_fields_bytes_max + kTail < receipt_line_bytes_max);

char* element(char* p, const ReceiptAttempt& a, Timestamps&) {
  p = put(p, "{\"provider\":", a.provider, name_text_max);
  p = put(p, ",\"model\":", a.model, model_text_max);
  p = put(p, ",\"status\":", a.status);
  p = put(p, ",\"error_class\":");
  if (a.failed) {
    p = put(p, "\"");
    p = put_word(p, steelyard::name_of(a.error));
    p = put(p, "\"");
  } else {
    p = put(p, "null");
  }
  p = put(p, ",\"ttfb_us\":", a.ttfb_ns / 1000);
  p = put(p, ",\"duration_us\":", a.duration_ns / 1000);
  p = put(p, ",\"expected_nano_usd\":", a.expected.v);
  p = put(p, ",\"held_nano_usd\":", a.held.v);
  p = put(p, ",\"cost_nano_usd\":", a.cost.v);
  p = put(p, ",\"usage_source\":\"");
  p = put_word(p, name_of(a.usage_source));
  p = put(p, "\",");
  p = put_usage(p, a.usage);
  p = put(p, "}");
  return p;
}

char* element(char* p, const ReceiptBudget& b, Timestamps& times) {
  p = put(p, "{\"scope\":", b.scope, 2 * name_text_max);
  p = put(p, ",\"window\":\"");
  p = put_word(p, window_name(b.per));
  p = put(p, "\",\"limit_nano_usd\":", b.limit.v);
  p = put(p, ",\"posted_nano_usd\":", b.posted.v);
  p = put(p, ",\"held_nano_usd\":", b.held.v);
  p = put(p, ",\"resets_at\":");
  p = times.put_seconds(p, b.resets_at);
  p = put(p, "}");
  return p;
}

char* element(char* p, const ReceiptCandidate& c, Timestamps&) {
  p = put(p, "{\"model\":", c.model, model_text_max);
  p = put(p, ",\"provider\":", c.provider, name_text_max);
  p = put(p, ",\"expected_nano_usd\":", c.expected.v);
  p = put(p, ",\"reason\":", c.reason, 64);
  p = put(p, "}");
  return p;
}

// The elements that end before `limit`, in order. One that does not is written (there is room for
// any single element behind the limit, receipt_json.h) and taken back.
template <class List>
char* elements(char* p, const List& list, Timestamps& times, const char* limit,
               std::size_t& omitted) {
  std::size_t done = 0;
  for (const auto& item : list) {
    char* const before = p;
    if (done != 0) *p++ = ',';
    p = element(p, item, times);
    if (p > limit) {
      p = before;
      break;
    }
    ++done;
  }
  omitted = list.size() - done + list.refused();
  return p;
}

template <std::size_t N>
char* put_omitted(char* p, const char (&key)[N], std::size_t count) {
  return count == 0 ? p : put(p, key, static_cast<std::int64_t>(count));
}

}  // namespace

std::string_view ReceiptFormatter::format(const Receipt& receipt) {
  const char* const limit = buffer_ + receipt_line_bytes_max - kTail;
  std::size_t attempts = 0, budgets = 0, candidates = 0;  // left out
  char* p = put_receipt_fields(buffer_, receipt, times_);
  p = elements(put(p, ",\"attempts\":["), receipt.attempts, times_, limit, attempts);
  p = elements(put(p, "],\"budgets\":["), receipt.budgets, times_, limit, budgets);
  p = elements(put(p, "],\"candidates\":["), receipt.candidates, times_, limit, candidates);
  p = put(p, "]");
  p = put_omitted(p, ",\"attempts_omitted\":", attempts);
  p = put_omitted(p, ",\"budgets_omitted\":", budgets);
  p = put_omitted(p, ",\"candidates_omitted\":", candidates);
  p = put(p, "}\n");
  return {buffer_, static_cast<std::size_t>(p - buffer_)};
}

}  // namespace steelyard::telemetry
