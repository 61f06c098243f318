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

FragmentKey key_of(const Receipt& r, std::string_view provider, std::string_view model) {
  return {r.generation, {FragmentKey::word(provider.data()), FragmentKey::word(model.data()), 0}};
}

bool same(const TokenUsage& a, const TokenUsage& b) {
  return ((a.prompt ^ b.prompt) | (a.completion ^ b.completion) | (a.cached ^ b.cached) |
          (a.cache_write ^ b.cache_write) | (a.reasoning ^ b.reasoning) |
          (a.web_searches ^ b.web_searches)) == 0;
}

// A figure that was printed before is copied.
char* put_figure(char* p, NanoUsd value, NanoUsd known, const char* text, std::uint32_t size) {
  if (value != known) return put_number(p, value.v);
  std::memcpy(p, text, number_bytes_max);
  return p + size;
}

struct LineContext {
  const Receipt& receipt;
  ReceiptPieces& pieces;
  PrintedFigures figures;
};

char* element(char* p, const ReceiptAttempt& a, LineContext& line) {
  const Receipt& r = line.receipt;
  const PrintedFigures& printed = line.figures;
  p = line.pieces.attempt.put(p, key_of(r, a.provider, a.model), [&a](char* q) {
    q = put(q, "{\"provider\":", a.provider, name_text_max);
    q = put(q, ",\"model\":", a.model, model_text_max);
    return put(q, ",\"status\":");
  });
  p = put_number(p, a.status);
  if (a.failed) {
    p = put(p, ",\"error_class\":\"");
    p = put_word(p, steelyard::name_of(a.error));
    p = put(p, "\"");
  }
  p = put(p, ",\"ttfb_us\":", a.ttfb_ns / 1000);
  p = put(p, ",\"duration_us\":", a.duration_ns / 1000);
  p = put(p, ",\"expected_nano_usd\":", a.expected.v);
  p = put(p, ",\"held_nano_usd\":");
  p = put_figure(p, a.held, r.held, printed.held, printed.held_size);
  p = put(p, ",\"cost_nano_usd\":");
  p = put_figure(p, a.cost, r.spend, printed.spend, printed.spend_size);
  p = put(put_usage_source(p, a.usage_source), ",");
  p = same(a.usage, r.usage) ? copy_piece(p, printed.usage, printed.usage_size)
                             : put_usage(p, a.usage);
  return put(p, "}");
}

char* element(char* p, const router::AccountView& budget, LineContext& line) {
  return line.pieces.budgets.put(p, budget, line.pieces.times);
}

char* element(char* p, const ReceiptCandidate& c, LineContext& line) {
  p = line.pieces.candidate.put(p, key_of(line.receipt, c.provider, c.model), [&c](char* q) {
    q = put(q, "{\"model\":", c.model, model_text_max);
    q = put(q, ",\"provider\":", c.provider, name_text_max);
    return put(q, ",\"expected_nano_usd\":");
  });
  p = put_number(p, c.expected.v);
  return put(put_some(p, ",\"reason\":", c.reason, 64), "}");
}

// The elements that end before `limit`, in order. One that does not is written (there is room for
// any single element behind the limit, receipt_json.h) and taken back.
template <class List>
char* elements(char* p, const List& list, LineContext& line, const char* limit,
               std::size_t& omitted) {
  std::size_t done = 0;
  for (const auto& item : list) {
    char* const before = p;
    if (done != 0) *p++ = ',';
    p = element(p, item, line);
    if (p > limit) {
      p = before;
      break;
    }
    ++done;
  }
  omitted = list.size() - done;
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
  LineContext line{receipt, pieces_, {}};
  char* p = put_receipt_fields(buffer_, receipt, pieces_, line.figures);
  p = elements(put(p, ",\"attempts\":["), receipt.attempts, line, limit, attempts);
  p = elements(put(p, "],\"budgets\":["), receipt.budgets, line, limit, budgets);
  p = elements(put(p, "],\"candidates\":["), receipt.candidates, line, limit, candidates);
  p = put(p, "]");
  attempts += receipt.attempts.refused();
  candidates += receipt.candidates.refused();
  p = put_omitted(p, ",\"attempts_omitted\":", attempts);
  p = put_omitted(p, ",\"budgets_omitted\":", budgets);
  p = put_omitted(p, ",\"candidates_omitted\":", candidates);
  p = put(p, "}\n");
  return {buffer_, static_cast<std::size_t>(p - buffer_)};
}

}  // namespace steelyard::telemetry
