#pragma once
// A receipt as the pipeline would fill it, for the tests of this folder.
#include <array>
#include <span>

#include "gateway/telemetry/receipt.h"

namespace steelyard::telemetry::test {

inline void describe(Receipt& r) {
  r.id = {0x0123456789abcdefULL, 0xfedcba9876543210ULL};
  r.start = {1795327628123456789};
  r.completion_start = {1795327628623456789};
  r.end = {1795327629923456789};
  r.facts.organisation = "acme";
  r.facts.team = "search";
  r.facts.key = "search-prod";
  r.facts.requested_model = "auto";
  r.facts.client = "openai-python";
  r.facts.client_version = "1.40.0";
  r.facts.user_turns = 3;
  r.facts.warm_tokens = 2048;
  r.facts.session = "sess-8812";
  r.facts.task = "ticket-991";
  r.facts.tags = "nightly, eval";
  r.facts.turns = 7;
  r.facts.output_tokens_max = 4096;
  r.facts.tools = r.facts.stream = true;
  r.call = CallType::chat_completions;
  r.client_dialect = WireDialect::openai;
  r.upstream_dialect = WireDialect::anthropic;
}

inline ReceiptAttempt answered() {
  ReceiptAttempt a;
  a.provider = "anthropic";
  a.model = "claude-sonnet-5";
  a.status = 200;
  a.usage_source = UsageSource::provider;
  a.ttfb_ns = 499'000'000;
  a.duration_ns = 1'799'000'000;
  a.expected = {14'000'000};
  a.held = {73'456'789};
  a.cost = {12'345'678};
  a.usage = {3820, 2048, 512, 377, 120};
  return a;
}

inline router::AccountView budget(std::string_view scope, WindowKind per, std::int64_t limit,
                                  std::int64_t posted, std::int64_t held, std::int64_t ends_ns) {
  router::AccountView view;
  view.scope = scope;
  view.per = per;
  view.limit = {limit};
  view.posted = {posted};
  view.held = {held};
  view.window_end = {ends_ns};
  return view;
}

// Live as long as the program.
inline std::span<router::AccountView> budgets() {
  static std::array list{
      budget("acme/search", WindowKind::day, 150'000'000'000, 1'234'567'890, 0,
             1795392000000000000),
      budget("acme", WindowKind::lifetime, 2'000'000'000'000, 1'234'567'890'123, 73, INT64_MAX)};
  return list;
}

inline Receipt typical() {
  Receipt r;
  describe(r);
  r.http_status = 200;
  r.model = "claude-sonnet-5";
  r.provider = "anthropic";
  r.policy = "short-questions";
  r.tier = "standard";
  r.price_source = "anthropic.com/pricing";
  r.price_version = "2026-11-01";
  r.config_digest = "9f86d081884c7d65";
  r.estimate = {3811, 3902, 420, 4096, "exact"};
  r.usage = {3820, 2048, 512, 377, 120};
  r.usage_source = UsageSource::provider;
  r.finish_reason = "end_turn";
  r.spend = {12'345'678};
  r.held = {73'456'789};
  r.counterfactual = {93'456'789};
  r.counterfactual_model = "claude-opus-5";
  r.saved = {81'111'111};
  r.durations = {2100, 8400, 31'000, 1900, 700, 500'123'456, 1'800'123'456, 71'000};
  r.attempts.add(answered());
  r.budgets = budgets();
  r.candidates.add({"claude-sonnet-5", "anthropic", {14'000'000}, ""});
  r.candidates.add({"gpt-6-luna", "openai", {9'000'000}, "tier"});
  return r;
}

}  // namespace steelyard::telemetry::test
