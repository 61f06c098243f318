// The explanation for machines: schema "steelyard.explain/1".
#include "config/types/json_writer.h"
#include "router/catalog.h"
#include "router/explain_parts.h"
#include "router/health.h"

namespace steelyard::router {
namespace {

using policies::no_model;
using policies::no_tier;

void put_request(JsonWriter& out, const ExplainInput& in) {
  const policies::RequestFacts& f = in.facts;
  out.key("request").begin_object();
  out.field("model", f.requested_model).field("organisation", f.organisation);
  out.field("team", f.team).field("key", f.key).field("client", f.client).field("tags", f.tags);
  out.field("session", f.session).field("task", f.task).field("tier_header", f.tier_header);
  out.field("input_tokens", f.input_tokens).field("input_tokens_upper", f.input_tokens_upper);
  out.field("token_quality", in.token_quality).field("output_tokens_max", f.output_tokens_max);
  out.field("client_version", f.client_version).field("request_class", f.request_class);
  out.field("agent", f.agent).field("turns", f.turns).field("user_turns", f.user_turns);
  out.field("choices", f.choices).field("warm_tokens", f.warm_tokens);
  out.field("tools", f.tools).field("images", f.images).field("stream", f.stream);
  out.field("structured_output", f.structured_output).field("reasoning", f.reasoning);
  out.field("tool_loop", f.tool_loop).field("signed_blocks", f.signed_blocks);
  out.field("at_unix_ns", f.now.ns);
  out.end_object();
}

void put_budgets(JsonWriter& out, const ExplainInput& in) {
  out.key("budgets").begin_array();
  for (const BudgetLine& line : in.budgets) {
    out.begin_object().field("scope", line.scope).field("per", name_of(line.per));
    out.field("limit_nano_usd", line.limit.v).field("spent_nano_usd", line.spent.v);
    out.key("pace_percent");
    line.pace < 0 ? out.null() : out.number(line.pace);
    out.key("paced_tier");
    line.paced_tier.empty() ? out.null() : out.string(line.paced_tier);
    out.end_object();
  }
  out.end_array();
}

void put_tier(JsonWriter& out, const ExplainInput& in, std::string_view key, std::int32_t tier) {
  out.key(key);
  if (tier == no_tier)
    out.null();
  else
    out.string(in.catalog.tiers()[static_cast<std::size_t>(tier)].name);
}

void put_model(JsonWriter& out, const ExplainInput& in, std::string_view key, std::int32_t model) {
  out.key(key);
  if (model == no_model)
    out.null();
  else
    out.string(in.catalog.model(model).name);
}

void put_verdict(JsonWriter& out, const ExplainInput& in) {
  const policies::Verdict& v = in.verdict;
  out.key("verdict").begin_object();
  out.field("outcome", policies::name_of(v.outcome)).field("policy", v.policy);
  if (v.outcome == policies::Outcome::denied) out.field("deny_reason", v.deny_reason);
  put_tier(out, in, "tier", v.tier);
  put_model(out, in, "model", v.model);
  out.field("output_tokens_max", v.output_tokens_max).field("sticky", v.sticky);
  out.field("on_loss", v.reject_losses ? "reject" : "warn");
  out.field("lower_output", v.lower_output);
  out.key("tags").begin_array();
  for (std::size_t i = 0; i < v.tag_count; ++i) out.string(v.tags[i]);
  out.end_array();
  out.key("trace").begin_array();
  for (const policies::RuleTrace& line : v.trace) {
    out.begin_object().field("rule", line.rule).field("matched", line.matched);
    out.field("reached", line.reached).field("because", line.because).end_object();
  }
  out.end_array().end_object();
}

void put_candidate(JsonWriter& out, const ExplainInput& in, const Candidate& candidate) {
  out.begin_object();
  put_model(out, in, "model", candidate.model);
  if (candidate.target != no_target) {
    const Target& target = in.catalog.target(candidate.target);
    out.field("provider", in.catalog.providers()[static_cast<std::size_t>(target.provider)]);
    const TargetHealth health = in.health.view(candidate.target, in.now);
    out.field("health", name_of(health.admission)).field("failure_ppm", health.failure_ppm);
    out.field("first_byte_ms", health.first_byte_ns / 1'000'000);
  }
  out.field("place", static_cast<int>(candidate.place)).field("reason", name_of(candidate.reason));
  const Model& model = in.catalog.model(candidate.model);
  if (model.scored) out.key("score").number_double(model.score, 1);
  if (candidate.worst_case.v > 0) {
    out.field("expected_nano_usd", candidate.expected.v);
    out.field("worst_case_nano_usd", candidate.worst_case.v);
    out.field("cached_tokens", candidate.cached_tokens);
    out.field("output_tokens_expected", candidate.output_expected);
  }
  out.end_object();
}

void put_attempt(JsonWriter& out, const ExplainInput& in, const PlannedAttempt& attempt) {
  const Target& target = in.catalog.target(attempt.target);
  out.begin_object().field("model", in.catalog.model(attempt.model).name);
  out.field("provider", in.catalog.providers()[static_cast<std::size_t>(target.provider)]);
  out.field("upstream_name", target.upstream_name);
  out.field("expected_nano_usd", attempt.expected.v);
  out.field("worst_case_nano_usd", attempt.worst_case.v);
  out.field("input_tokens", attempt.input_tokens);
  out.field("output_tokens_max", attempt.output_tokens_max);
  out.field("clamped", attempt.clamped).field("forced", attempt.forced).end_object();
}

void put_plan(JsonWriter& out, const ExplainInput& in) {
  const Plan& plan = in.plan;
  out.key("plan").begin_object();
  put_tier(out, in, "tier", plan.effective_tier);
  out.key("attempts").begin_array();
  for (const PlannedAttempt& attempt : plan.tries()) put_attempt(out, in, attempt);
  out.end_array();
  if (plan.escalation.target != no_target) {
    out.key("escalation");
    put_attempt(out, in, plan.escalation);
  }
  out.field("session", name_of(plan.session));
  out.field("stay_nano_usd", plan.stay.v).field("leave_nano_usd", plan.leave.v);
  put_model(out, in, "baseline_model", plan.baseline_model);
  out.field("baseline_nano_usd", plan.baseline.v);
  out.key("candidates").begin_array();
  for (const std::uint16_t index : in_order(plan)) put_candidate(out, in, plan.candidates[index]);
  out.end_array();
  out.key("refused").begin_object();
  for (std::size_t i = 1; i < reasons; ++i)
    if (plan.counts[i] > 0)
      out.field(name_of(static_cast<Reason>(i)), static_cast<int>(plan.counts[i]));
  out.end_object().field("omitted", static_cast<int>(plan.omitted)).end_object();
}

}  // namespace

void explain_json(JsonWriter& out, const ExplainInput& in) {
  out.begin_object().field("schema", "steelyard.explain/1").field("configuration", in.digest);
  put_request(out, in);
  put_budgets(out, in);
  put_verdict(out, in);
  if (in.verdict.outcome == policies::Outcome::route) put_plan(out, in);
  out.end_object();
}

}  // namespace steelyard::router
