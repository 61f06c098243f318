#include "gateway/decide.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/cache_marks.h"
#include "gateway/decide_counts.h"
#include "gateway/dialect/hub_wires.h"
#include "gateway/dialect/lenient_reader.h"
#include "gateway/keeper.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/session_memory.h"
#include "gateway/spender.h"
#include "gateway/state_home.h"
#include "gateway/telemetry/json_put.h"
#include "gateway/tier_cap.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"
#include "router/ledger/zone.h"

namespace steelyard {
namespace {

constexpr std::uint64_t odd_factor = 0x9E3779B97F4A7C15u;

// The rules' zones change their offset on whole minutes.
void refresh_zone_offsets(WorkerTools& tools, const Runtime& runtime, Instant now) {
  const std::int64_t minute = now.seconds() / 60;
  if (minute == tools.zone_offsets_minute && tools.zone_offsets.size() == runtime.zones.size())
    return;
  tools.zone_offsets.clear();
  for (const auto& zone : runtime.zones)
    tools.zone_offsets.push_back(zone->offset_at(now.seconds()));
  tools.zone_offsets_minute = minute;
}

// OpenAI's dialects have room for the caller's own words: `"metadata": {"steelyard_task": "..."}`.
std::string_view task_in(std::string_view metadata) {
  static constexpr dialect::KeyTable keys(dialect::key_names("steelyard_task"));
  std::string_view task;
  dialect::LenientReader reader(metadata);
  (void)reader.object(
      keys, [&](int key) { return key == 0 ? reader.text(task) : reader.cursor.skip_value(); });
  return task.find('\\') == std::string_view::npos ? task : std::string_view();
}

void describe(Worker& worker, const Runtime& runtime, const Principal& principal,
              const RequestHints& hints, Decision& d) {
  const dialect::ChatRequest& chat = d.chat;
  policies::RequestFacts& facts = d.facts;
  facts.organisation = principal.organisation;
  facts.team = principal.team;
  facts.key = principal.key;
  facts.requested_model = chat.model;
  facts.client = hints.client.name;
  facts.client_version = hints.client.version;
  facts.request_class = hints.client.request_class;
  facts.agent = hints.client.agent;
  facts.tags = hints.tags;
  facts.task = !hints.task.empty() || chat.metadata.empty() ? hints.task
                                                            : task_in(chat.metadata.of(chat.body));
  facts.tier_header = hints.tier;
  facts.session = !hints.session.empty()           ? hints.session
                  : !hints.client.session.empty()  ? hints.client.session
                  : !chat.prompt_cache_key.empty() ? chat.prompt_cache_key
                                                   : chat.user;
  facts.input_tokens = d.tokens.tokens;
  facts.input_tokens_upper = d.tokens.upper;
  facts.output_tokens_max = chat.output_tokens_max();
  facts.turns = static_cast<std::int32_t>(chat.messages.size());
  for (const dialect::MessageInfo& message : chat.messages)
    facts.user_turns += message.role == dialect::Role::user ? 1 : 0;
  facts.choices = chat.choices;
  facts.tools = chat.tool_count != 0;
  facts.images = chat.has_images;
  facts.stream = chat.stream;
  facts.structured_output = chat.response_format == dialect::ResponseFormat::json_schema ||
                            chat.response_format == dialect::ResponseFormat::json_object;
  facts.reasoning =
      chat.thinking || (!chat.reasoning_effort.empty() && chat.reasoning_effort != "none");
  facts.tool_loop = chat.tool_loop();
  facts.signed_blocks = chat.has_reasoning_state;
  facts.now = d.at;
  WorkerTools& tools = worker.tools();
  refresh_zone_offsets(tools, runtime, d.at);
  facts.zone_offsets = tools.zone_offsets;
}

// Agents that name no session are known by how their conversations begin.
bool may_go_on(const policies::RequestFacts& facts) {
  return facts.tools || facts.reasoning || facts.signed_blocks;
}

// Which conversation it is, and who served it last.
void find_session(Worker& worker, const Runtime& runtime, const Principal& principal,
                  const RequestHints& hints, Decision& d) {
  policies::RequestFacts& facts = d.facts;
  if (!facts.session.empty()) {
    d.session_key = policies::stable_hash(facts.session) ^ (principal.key_hash * odd_factor);
    if (!hints.client.lane.empty() && facts.session.data() == hints.client.session.data())
      d.session_key ^= policies::stable_hash(hints.client.lane) * odd_factor;
    d.session_key += d.session_key == 0;
  } else if (may_go_on(facts)) {
    d.session_key = beginning_of(principal, d.chat);
    std::array<char, 5 + 16> name{'t', 'a', 'l', 'k', '-'};
    telemetry::put_hex(name.data() + 5, d.session_key);
    d.session_name = std::string_view(name.data(), name.size());
    facts.session = d.session_name.view();
  }
  if (may_go_on(facts))
    d.history_key = d.session_name.view().empty()
                        ? (d.session_key ^ beginning_of(principal, d.chat) * odd_factor) | 1
                        : d.session_key;
  const SessionMemory* const sessions = worker.seams().sessions;
  if (d.session_key != 0 && sessions != nullptr) {
    const SessionMemory::Turn turn = sessions->find(d.session_key, worker.last_tick());
    d.warm_at = target_of(runtime, turn);
    if (d.warm_at != router::no_target)
      facts.warm_tokens = std::min(turn.tokens, facts.input_tokens);
  }
  if (!d.chat.has_reasoning_state) return;
  SessionMemory::Turn turn;
  // Its first turn may not have looked as if it would go on.
  for (const std::uint64_t key : {d.history_key, d.session_key})
    if (sessions != nullptr && turn.target == 0)
      turn = sessions->find(key, worker.last_tick(), SessionMemory::bound_ms);
  find_home(worker, runtime, target_of(runtime, turn), d);
}

ServiceTier service_tier(std::string_view asked) {
  if (asked == "flex") return ServiceTier::flex;
  if (asked == "priority" || asked == "fast") return ServiceTier::priority;
  return ServiceTier::standard;
}

void choose(Worker& worker, Serving& serving, const Principal& principal, Decision& d,
            bool escalation) {
  WorkerTools& tools = worker.tools();
  const Runtime& runtime = *serving.runtime;
  router::PlanInput input{d.facts, d.verdict, &principal.access, d.at, worker.last_tick()};
  for (std::size_t bit = 0; bit < runtime.parameters.size(); ++bit)
    if (runtime.parameters[bit] && d.chat.fields.has(*runtime.parameters[bit]))
      input.parameters |= 1u << bit;
  if (d.counted) {
    const std::span<const router::InputCount> all = tools.counts;
    input.counts = all.first(runtime.catalog.models().size());
  } else {
    input.counts = router::InputCounts(serving.inputs, d.features);
  }
  if (runtime.marks_matter) input.marks = cache_marks(d.chat);
  input.media = !d.chat.media.empty();
  input.service = service_tier(d.chat.service_tier);
  input.output_default = runtime.spec.output_tokens_default;
  if (d.chat.web_searches != 0 || d.chat.unpriced_tools) [[unlikely]] {
    input.web_searches = searches_at_most(d.chat, runtime);
    input.unpriced_tools = d.chat.unpriced_tools;
    input.client_dialect = dialect::hub::name_of(d.wire);
    input.fees_known = runtime.spec.unpriced_tools == UnpricedTools::refuse &&
                       (!principal.chain.empty() || !principal.conditions.empty());
  }
  input.attempts = runtime.spec.retry.attempts;
  input.max_tier = tier_cap(worker.seams().books, runtime, principal, d);
  input.every_candidate = !d.verdict.trace.empty();
  input.escalation = escalation;
  router::WarmCache warm;
  if (d.warm_at != router::no_target) {
    warm = {d.warm_at, d.facts.warm_tokens};
    input.warm = {&warm, 1};
    input.warm_target = d.warm_at;
  }
  if (d.home.target != router::no_target) input.bound_target = d.home.target;
  if (d.kept_at != router::no_target) input.bound_target = d.kept_at;
  router::make_plan(runtime.catalog, serving.health, tools.outputs, input, tools.plan);
}

// As choose(), until the model that comes first was counted in its own vocabulary, if it has one
// that is known: the hold and the receipt are of that count.
void choose_counted(Worker& worker, Serving& serving, const Principal& principal, Decision& d) {
  constexpr int rounds_max = 8;  // a vocabulary each
  WorkerTools& tools = worker.tools();
  for (int round = 0; round < rounds_max; ++round) {
    // WorkerTools::counts is the next request's by the time an answer disappoints.
    choose(worker, serving, principal, d, d.counted || !d.verdict.trace.empty());
    if (tools.plan.attempt_count == 0) return;
    const std::int32_t first = tools.plan.attempts[0].model;
    const bool known = tools.exact.counter_for(first) == ExactCounts::none ||
                       d.own_text.test(static_cast<std::size_t>(first)) ||
                       first == d.continued_model;
    if (known) return;
    if (!d.counted) serving.inputs.count(d.features, tools.counts);
    d.counted = true;
    count_own_text(worker, serving, first, d);
  }
}

// How the maker of the client's dialect says it: coding agents make room when they read that.
// OpenAI has a code of its own for it.
std::string too_long(dialect::hub::Wire wire, const policies::RequestFacts& facts,
                     std::int64_t most) {
  const std::int64_t likely =
      facts.input_tokens > most ? facts.input_tokens : facts.input_tokens_upper;
  const std::string have = std::to_string(std::max(likely, most + 1)), may = std::to_string(most);
  if (wire == dialect::hub::Wire::gemini)
    return "The input token count (" + have + ") exceeds the maximum number of tokens allowed (" +
           may + "): ";
  return "prompt is too long: " + have + " tokens > " + may + " maximum: ";
}

Error no_route(dialect::hub::Wire wire, const policies::RequestFacts& facts,
               const router::Plan& plan, const router::Catalog& catalog) {
  std::string text = "no model can serve this request: ";
  bool first = true, health = false, forbidden = false, other = false;
  for (std::size_t r = 1; r < router::reasons; ++r) {
    const auto reason = static_cast<router::Reason>(r);
    if (plan.counts[r] == 0 || reason == router::Reason::not_asked) continue;
    if (!first) text += ", ";
    first = false;
    text += std::to_string(plan.counts[r]) + " " + router::text_of(reason);
    const bool price =
        reason == router::Reason::no_price || reason == router::Reason::no_tool_price;
    if (price && !facts.requested_model.empty())
      text += " (`" + std::string(facts.requested_model) + "`)";
    health |= reason == router::Reason::breaker_open || reason == router::Reason::parked;
    // Nothing but the request or the configuration can change that: clients need not ask again.
    (reason == router::Reason::no_tool_price ? forbidden : other) = true;
  }
  if (first) text += "none is configured";
  std::int64_t context = 0;
  for (const router::Candidate& one : plan.listed())
    if (one.reason == router::Reason::context_too_small && one.model >= 0)
      context = std::max(context, catalog.model(one.model).context_tokens);
  if (context > 0 && !health)
    return Error(ErrorKind::context_length, ErrorSource::client, Retry::never,
                 too_long(wire, facts, context) + text);
  const ErrorKind kind = health                ? ErrorKind::overloaded
                         : forbidden && !other ? ErrorKind::forbidden
                                               : ErrorKind::no_route;
  return Error(kind, ErrorSource::gateway, Retry::never, std::move(text));
}

Result<void> refuse_verdict(const policies::Verdict& verdict, const policies::RequestFacts& facts) {
  const auto say = [](ErrorKind kind, std::string text) {
    return fail(kind, ErrorSource::client, Retry::never, std::move(text));
  };
  switch (verdict.outcome) {
    case policies::Outcome::route: return {};
    case policies::Outcome::denied:
      return say(ErrorKind::forbidden, "denied by policy `" + std::string(verdict.policy) +
                                           "`: " + std::string(verdict.deny_reason));
    case policies::Outcome::unknown_model:
      return say(ErrorKind::not_found,
                 "the model `" + std::string(facts.requested_model) +
                     "` is not in the catalogue; GET /v1/models lists those you may use");
    case policies::Outcome::unknown_tier:
      return say(
          ErrorKind::bad_request,
          std::string(facts.tier_header.empty() ? "`/model`" : "the header `x-steelyard-tier`") +
              " is wrong: there is no tier `" +
              std::string(facts.tier_header.empty() ? facts.requested_model : facts.tier_header) +
              "`");
  }
  return {};
}

Result<void> parse(WorkerTools& tools, std::string_view body, const RequestHints& hints,
                   dialect::ChatRequest& chat) {
  const dialect::hub::Wire wire = hints.wire;
  if (wire == dialect::hub::Wire::openai_chat) {
    Result<void> parsed = tools.requests.parse(body, chat);
    // The models that take it search once for an answer.
    if (chat.fields.has(dialect::Field::web_search_options)) [[unlikely]]
      chat.web_searches = 1;
    return parsed;
  }
  Result<void> parsed = tools.hub_requests.parse(wire, body, tools.hub_request);
  if (parsed && wire == dialect::hub::Wire::gemini) {
    if (!dialect::openai::is_model_token(hints.path_model)) {
      return fail(ErrorKind::not_found, ErrorSource::client, Retry::never,
                  "there is no model of the name that the path holds");
    }
    tools.hub_request.model = hints.path_model;
    tools.hub_request.stream = hints.path_stream;
  }
  if (parsed) dialect::hub::fill_facts(tools.hub_request, tools.hub_facts, chat);
  return parsed;
}

}  // namespace

std::int32_t searches_at_most(const dialect::ChatRequest& chat, const Runtime& runtime) {
  return chat.web_searches >= 0 ? chat.web_searches : runtime.spec.web_searches_default;
}

Result<void> ask_policies(Worker& worker, const Runtime& runtime, const Principal& principal,
                          const RequestHints& hints, std::string_view model,
                          const router::TokenCount& tokens, policies::RequestFacts& facts,
                          policies::Verdict& verdict) {
  facts.organisation = principal.organisation;
  facts.team = principal.team;
  facts.key = principal.key;
  facts.requested_model = model;
  facts.client = hints.client.name;
  facts.client_version = hints.client.version;
  facts.tags = hints.tags;
  facts.task = hints.task;
  facts.tier_header = hints.tier;
  facts.session = hints.session;
  facts.input_tokens = tokens.tokens;
  facts.input_tokens_upper = tokens.upper;
  facts.turns = facts.choices = 1;
  facts.now = worker.now();
  refresh_zone_offsets(worker.tools(), runtime, facts.now);
  facts.zone_offsets = worker.tools().zone_offsets;
  policies::evaluate(runtime.rules, principal.rules, facts, policies::Trace::no, verdict);
  return verdict.outcome == policies::Outcome::denied ? refuse_verdict(verdict, facts)
                                                      : Result<void>();
}

router::PlannedAttempt escalation_of(Worker& worker, Serving& serving, const Principal& principal,
                                     Decision& decided) {
  choose(worker, serving, principal, decided, true);
  return worker.tools().plan.escalation;
}

router::PlannedAttempt recounted(Worker& worker, Serving& serving, const Principal& principal,
                                 const RequestHints& hints, Decision& d,
                                 const router::PlannedAttempt& attempt) {
  WorkerTools& tools = worker.tools();
  const bool known = tools.exact.counter_for(attempt.model) == ExactCounts::none ||
                     d.own_text.test(static_cast<std::size_t>(attempt.model)) ||
                     attempt.model == d.continued_model || d.has_media;
  dialect::ChatRequest chat;
  if (known || !parse(tools, d.chat.body, hints, chat)) return attempt;
  std::swap(d.chat.texts, chat.texts);
  serving.inputs.count(d.features, tools.counts);
  count_own_text(worker, serving, attempt.model, d);
  std::swap(d.chat.texts, chat.texts);
  const bool counted = std::exchange(d.counted, true);
  const std::int32_t kept_at = std::exchange(d.kept_at, attempt.target);
  choose(worker, serving, principal, d, false);
  d.kept_at = kept_at;
  d.counted = counted;
  router::PlannedAttempt& again = tools.plan.attempts[0];
  if (tools.plan.attempt_count == 0 || again.target != attempt.target) return attempt;
  again.forced = attempt.forced;
  return again;
}

Result<void> decide(Worker& worker, Serving& serving, const Principal& principal,
                    std::string_view body, const RequestHints& hints, policies::Trace trace,
                    Decision& d) {
  WorkerTools& tools = worker.tools();
  const Runtime& runtime = *serving.runtime;
  const Tick t0 = worker.last_tick();
  d.at = worker.now();
  d.wire = hints.wire;
  const Result<void> parsed = parse(tools, body, hints, d.chat);
  const Tick t1 = worker.tick_now();
  d.parse_ns = t1 - t0;
  d.facts.organisation = principal.organisation;
  d.facts.team = principal.team;
  d.facts.key = principal.key;
  if (!parsed) return fail(parsed.error());
  if (hints.wire == dialect::hub::Wire::openai_responses)
    if (const Result<void> found = find_keeper(worker, runtime, principal, d); !found) return found;
  d.model = d.chat.model;
  d.chat.model = d.model.view();

  count_tokens(worker, serving, principal, d);
  const Tick t2 = worker.tick_now();
  d.count_ns = t2 - t1;

  describe(worker, runtime, principal, hints, d);
  find_session(worker, runtime, principal, hints, d);
  if (trace == policies::Trace::yes) {
    tools.budgets = worker.seams().books.view(principal.chain, d.at);
    d.budgets = &tools.budgets;
  }
  policies::evaluate(runtime.rules, principal.rules, d.facts, trace, d.verdict);
  Result<void> allowed = refuse_verdict(d.verdict, d.facts);
  if (allowed) {
    choose_counted(worker, serving, principal, d);
    if (tools.plan.attempt_count == 0)
      allowed = fail(no_route(d.wire, d.facts, tools.plan, runtime.catalog));
  }
  d.decide_ns = worker.tick_now() - t2;
  return allowed;
}

}  // namespace steelyard
