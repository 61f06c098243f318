#pragma once
// From a parsed request to a plan: count, describe, decide, choose. No I/O, no money is moved, so
// `explain` runs the very same code. Results live in the worker's tools until its next decision.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/types/instant.h"
#include "config/types/result.h"
#include "gateway/client_facts.h"
#include "gateway/dialect/chat.h"
#include "gateway/dialect/hub.h"
#include "gateway/store/books.h"
#include "gateway/telemetry/fixed.h"
#include "policies/evaluate.h"
#include "policies/facts.h"
#include "policies/model_mask.h"
#include "policies/verdict.h"
#include "router/calibration/conversations.h"
#include "router/catalog.h"
#include "router/input_counts.h"
#include "router/tokens/counter.h"

namespace steelyard {

namespace router {
struct PlannedAttempt;
}

class Worker;
struct Principal;
struct Runtime;
struct Serving;

// What the client said beside the body.
struct RequestHints {
  std::string_view session, tags, task, tier;
  ClientFacts client;
  dialect::hub::Wire wire = dialect::hub::Wire::openai_chat;  // what the body is written in
  std::string_view path_model;  // where the path says it, and not the body
  bool path_stream = false;
};

// Where the signed or encrypted parts of a request's history belong.
struct StateHome {
  std::int32_t target = router::no_target;  // there or nowhere; no_target: not known
  std::int32_t maker = -1;                  // the key, too (StateMakers); -1: not known
  // What is signed says so; else this is only where the conversation was last.
  bool sure = false;
};

// A signed or encrypted part of the history, and what is remembered of its maker.
struct SignedPart {
  enum class Known : std::uint8_t { nothing, maker, refused };
  std::uint64_t hash = 0;        // dialect/state_hash.h
  std::int32_t maker = -1;       // StateMakers; -1: no longer configured
  Known known = Known::nothing;  // `maker` made it, or refused it: then somebody else did
};

// Views point into the request body and into this value: it does not move.
struct Decision {
  Decision() = default;
  Decision(const Decision&) = delete;
  Decision& operator=(const Decision&) = delete;

  dialect::ChatRequest chat;
  telemetry::FixedText<limits::model_name_bytes_max> model;  // chat.model points here
  policies::RequestFacts facts;
  policies::Verdict verdict;
  router::TokenCount tokens;       // in the gateway's own tokenizer; a plan has the model's
  router::InputFeatures features;  // what the count was made of
  policies::ModelMask own_text;    // models whose text was counted in their own vocabulary
  bool has_media = false;  // or text too large to be counted at once: not all is known exactly
  std::uint64_t talk = 0;  // the conversation, for the delta rule; 0: none
  std::int64_t text_tokens = 0;                       // what `features` has of it, exactly
  bool continues = false;                             // `before` is this conversation's last turn
  std::int32_t continued_model = policies::no_model;  // it went there
  // WorkerTools::counts holds every model's count. Else the plan has no escalation yet, but for a
  // request that is explained: escalation_of().
  bool counted = false;
  router::TurnBilled before;
  const store::ChainView* budgets = nullptr;  // before the request; only of one that is explained
  Instant at;                                 // chooses prices: the same for plan and settlement
  std::uint64_t session_key = 0;              // 0: no session
  // Of the one conversation that goes on, of several that may share the session (a title,
  // sub-agents and a user's other windows do). 0: it need not be known.
  std::uint64_t history_key = 0;
  telemetry::FixedText<24> session_name;     // of one that the client gave no name
  std::int32_t warm_at = router::no_target;  // who served the session last, a moment ago; of a
                                             // conversation that is signed, a day
  StateHome home;                            // of a request with signed or encrypted parts
  std::vector<SignedPart> signed_parts;      // these, in order
  std::int32_t kept_at = router::no_target;  // who keeps what the request refers to
  std::int32_t kept_by = -1;                 // by which of its keys (StateMakers); -1: not known
  dialect::hub::Wire wire = dialect::hub::Wire::openai_chat;  // of the request
  std::int64_t parse_ns = 0, count_ns = 0, decide_ns = 0;
};

// Fills `out` and the worker's plan. Fails with what the client is to be told; `out` is filled as
// far as it came.
Result<void> decide(Worker& worker, Serving& serving, const Principal& principal,
                    std::string_view body, const RequestHints& hints, policies::Trace trace,
                    Decision& out);

// Web searches that the provider may make for it: the request's limit, or the configured one.
std::int32_t searches_at_most(const dialect::ChatRequest& chat, const Runtime& runtime);

// For requests that no plan serves (embeddings, completions, pass-through): fills `facts` and asks
// the policies whether they deny it. `model`: as asked for, "" none.
Result<void> ask_policies(Worker& worker, const Runtime& runtime, const Principal& principal,
                          const RequestHints& hints, std::string_view model,
                          const router::TokenCount& tokens, policies::RequestFacts& facts,
                          policies::Verdict& verdict);

// What follows when the answer to a decided request is not good enough: planned anew, few need it.
// target == router::no_target: nothing.
router::PlannedAttempt escalation_of(Worker& worker, Serving& serving, const Principal& principal,
                                     Decision& decided);

// An attempt that was not the first choice, held to its model's own vocabulary: the request is read
// and counted once more. `attempt` as it is where there is nothing to count better, or where the
// plan would now refuse it. Only for attempts after the first; not for an explained request.
router::PlannedAttempt recounted(Worker& worker, Serving& serving, const Principal& principal,
                                 const RequestHints& hints, Decision& decided,
                                 const router::PlannedAttempt& attempt);

}  // namespace steelyard
