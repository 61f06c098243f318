#pragma once
// What requests share that no chat plan serves and that cost money all the same: receipt, policies,
// hold and settlement, the line of an attempt, errors in the client's shape.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/types/error.h"
#include "gateway/decide.h"
#include "gateway/dialect/openai_errors.h"
#include "gateway/dialect/usage.h"
#include "gateway/forward.h"
#include "gateway/rate_hold.h"
#include "gateway/spending.h"
#include "gateway/telemetry/receipt.h"
#include "router/meter.h"
#include "router/prices.h"

namespace steelyard {

class RoomWait;

class MeteredCall {
 public:
  explicit MeteredCall(Session& session);
  ~MeteredCall();
  MeteredCall(const MeteredCall&) = delete;
  MeteredCall& operator=(const MeteredCall&) = delete;

  Session& session() { return session_; }
  telemetry::Receipt& receipt() { return receipt_; }
  Spending& spending() { return spending_; }
  Instant at() const { return at_; }  // chooses prices

  // Do the policies let it pass, and the limits of requests and tokens? False: error().
  bool allowed(std::string_view model, const router::TokenCount& tokens);
  // Begins an attempt: its line, and the hold. False: error().
  struct Attempt {
    std::int32_t provider = -1;
    std::int32_t target = -1;  // of the catalogue, where there is one
    std::string_view model;    // without a target: whose budgets count it; "": none is known
    NanoUsd expected, most;
    std::int64_t tokens = 0;  // the most it may take, for quotas of them
  };
  bool begin(const Attempt& attempt);
  // begin() was refused, and others of the fleet may give room: room_came() waits for it. True: try
  // again.
  bool wants_room() const { return !room_over_ && spending_.wants_room(); }
  net::Task<bool> room_came();
  // The provider was not asked, or failed: its line ends so. A hold that is still there is given
  // back, or settled in full if the provider may have billed it.
  void failed(ErrorKind kind, int status, bool may_be_billed);
  // What usage costs by a model's prices.
  NanoUsd cost_of(std::int32_t model, const router::Usage& usage) const;
  void note_usage(const router::Usage& usage);
  void succeeded(int status);

  void give_error(Error error);
  bool has_error() const { return has_error_; }
  const Error& error() const { return error_; }
  // Request id, attempts, who answers (of a target), cost once it is settled, what is left.
  std::string head_lines(bool with_cost) const;
  net::Task<void> answer_error();
  // A provider's error, in the client's shape where it may be shown.
  net::Task<void> answer_fault(const dialect::UpstreamFault& fault, int status,
                               std::string_view retry_lines);
  // Writes the receipt. Once.
  void finish(std::int64_t waited_ns);

 private:
  Session& session_;
  telemetry::Receipt receipt_;
  Spending spending_;
  std::unique_ptr<RoomWait> room_;  // null: it never waited for room
  std::optional<RateHold> rated_;   // where requests or tokens are limited
  policies::Verdict verdict_;
  Instant at_;
  Tick attempt_started_;
  std::int32_t target_ = -1;
  Error error_;
  dialect::ErrorExtras extras_;
  dialect::BudgetDetails details_;
  std::optional<Instant> resets_at_;  // of a budget or quota without room
  bool has_error_ = false, finished_ = false, room_over_ = false;
};

// Tokens as billed, by the provider's own arithmetic.
router::Usage usage_of(const dialect::ReportedUsage& reported, const ProviderRuntime& provider);

}  // namespace steelyard
