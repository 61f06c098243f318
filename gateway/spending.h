#pragma once
// The money of one request that no chat plan prices (embeddings, completions, pass-through): its
// most is held in every budget of the key, dispatched, and settled. What ChatCall does for chat.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/types/error.h"
#include "config/types/money.h"
#include "gateway/dialect/openai_errors.h"
#include "gateway/net/io.h"
#include "gateway/net/task.h"
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
  // and `model` ("": none is known). False: error() and details() say why not.
  bool hold(NanoUsd most, std::string_view model);
  const store::Chain& chain() const;
  // The journal knows of it before the provider does; `durability: strict` waits for the disk.
  // False: error(); nothing is held any more.
  net::Task<bool> dispatch();
  void settle(NanoUsd cost, router::UsageSource source);
  void settle_whole();  // it may have been billed, and nobody can say how much
  void release();       // nothing went out, or it is not billed

  bool holding() const { return holding_; }
  const Error& error() const { return error_; }
  const dialect::BudgetDetails* details() const { return denied_ ? &details_ : nullptr; }

 private:
  bool extend(std::string_view model);

  Session& session_;
  telemetry::Receipt& receipt_;
  std::optional<store::Chain> chain_;  // where it is not the same for all requests of the key
  store::BookHold hold_;
  NanoUsd most_;
  Error error_;
  dialect::BudgetDetails details_;
  net::IoSlot durable_;
  std::uint8_t attempt_ = 0;
  bool holding_ = false, denied_ = false;
};

}  // namespace steelyard
