#pragma once
// The money of one request that no chat plan prices (embeddings, completions, pass-through): its
// most is held in every budget of the key, dispatched, and settled. What ChatCall does for chat.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/types/error.h"
#include "config/types/money.h"
#include "gateway/dialect/openai_errors.h"
#include "gateway/net/io.h"
#include "gateway/net/task.h"
#include "gateway/quota_hold.h"
#include "gateway/store/books.h"
#include "router/ledger/ledger.h"

namespace steelyard {

class Session;
namespace telemetry {
struct Receipt;
}

// A budget's refusal, for people; with its figures.
Error over_budget(const router::Denial& denial);
dialect::BudgetDetails details_of(const router::Denial& denial);
// A chain that could not be extended; not `complete`.
Error chain_error(store::ChainStatus status);

// One attempt after the other; what is still held when it goes is settled in full.
class Spending {
 public:
  Spending(Session& session, telemetry::Receipt& receipt) : session_(session), receipt_(receipt) {}
  ~Spending() { settle_whole(); }
  Spending(const Spending&) = delete;
  Spending& operator=(const Spending&) = delete;

  // Holds `most` for one attempt, in the budgets of the key and those that count its user, its tags
  // and `model` ("": none is known), and its shares of the team's plan. `tokens`: the most it may
  // take. False: error(), details() and resets_at() say why not.
  bool hold(NanoUsd most, std::string_view model, std::int64_t tokens);
  // Who the request says its user is; counts where the key's team lets requests say so. Lives as
  // long as the request.
  void set_user(std::string_view user) { user_ = user; }
  const store::Chain& chain() const;
  // The journal knows of it before the provider does; `durability: strict` waits for the disk.
  // False: error(); nothing is held any more.
  net::Task<bool> dispatch();
  void settle(NanoUsd cost, router::UsageSource source);
  void settle_whole();  // it may have been billed, and nobody can say how much
  void release();       // nothing went out, or it is not billed

  // After a hold() that was refused: this process has no room, its fleet may.
  bool wants_room() const;
  NanoUsd most() const { return most_; }  // that hold() asked for
  bool holding() const { return holding_; }
  const Error& error() const { return error_; }
  const dialect::BudgetDetails* details() const { return denied_ ? &details_ : nullptr; }
  std::optional<Instant> resets_at() const { return resets_at_; }

 private:
  bool extend(std::string_view model);
  bool hold_quotas(std::int64_t tokens);
  void settle_quotas(NanoUsd cost);

  Session& session_;
  telemetry::Receipt& receipt_;
  std::optional<store::Chain> chain_;  // where it is not the same for all requests of the key
  store::BookHold hold_;
  std::unique_ptr<QuotaHold> quotas_;  // null: its team has no plan
  std::string_view user_;
  NanoUsd most_;
  std::int64_t tokens_ = 0;
  Error error_;
  dialect::BudgetDetails details_;
  std::optional<Instant> resets_at_;
  net::IoSlot durable_;
  std::uint8_t attempt_ = 0;
  bool holding_ = false, denied_ = false;
};

}  // namespace steelyard
