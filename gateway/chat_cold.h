#pragma once
// What a chat call keeps in memory that a waiting stream gives back (cold_slot.h). Everything from
// `decision` on is kept when it is frozen; what stands before is of no more use by then.
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/types/error.h"
#include "config/types/limits.h"
#include "gateway/cold_slot.h"
#include "gateway/decide.h"
#include "gateway/dialect/fault.h"
#include "gateway/dialect/openai_errors.h"
#include "gateway/dialect/splice.h"
#include "gateway/net/head_reader_lines.h"
#include "gateway/net/io.h"
#include "gateway/net/response_head.h"
#include "gateway/rate_hold.h"
#include "gateway/store/books.h"
#include "gateway/telemetry/receipt.h"
#include "router/plan.h"

namespace steelyard {

struct ChatCold {
  // Until the answer begins.
  dialect::SplicedBody body;
  net::HeadLines response_lines;
  net::ResponseHead head;
  std::array<char, 32> length_room;
  std::size_t length_size = 0;
  std::string_view request_head;          // a secret: never printed
  std::size_t body_at = 0, body_end = 0;  // of a collected answer, in the upstream's buffer
  net::IoSlot pause, durable;
  std::int64_t rests_ms = 0;  // with `error`: when whom it is about can be asked again

  Decision decision;
  telemetry::Receipt receipt;
  // The plan's attempts, copied: the worker's plan is reused by other requests.
  std::array<router::PlannedAttempt, limits::attempts_max> attempts;
  router::PlannedAttempt escalation, lowered;
  Error error;
  std::unique_ptr<Error> asked_error;  // how the last attempt that went out ended, without `fault`
  dialect::ErrorExtras extras;
  dialect::BudgetDetails budget_details;
  // An error answer of a provider, kept in case nobody does better.
  std::string fault_body, fault_headers, fault_type;
  dialect::UpstreamFault fault;
  std::string answer_pairs;               // lines of a provider's head that go on to the client
  std::optional<RateHold> rated;          // where requests or tokens are limited
  std::optional<store::Chain> own_chain;  // where budgets are not the same for all of the key's
};

}  // namespace steelyard
