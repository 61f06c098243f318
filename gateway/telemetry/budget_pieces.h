#pragma once
// Budgets of a receipt's line: scope, window, limit and end are the same for hours, only what was
// spent and what is held change.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "router/ledger/ledger.h"

namespace steelyard::telemetry {

class Timestamps;

class BudgetPieces {
 public:
  // {"scope":…}: at most 2 * name_text_max + 256 bytes.
  char* put(char* p, const router::AccountView& budget, Timestamps& times);

 private:
  struct Slot {
    std::string scope;  // compared by its bytes: it belongs to the books, not to a configuration
    WindowKind per = WindowKind::month;
    NanoUsd limit;
    Instant resets_at;
    std::uint32_t head_size = 0, tail_size = 0;  // 0: nothing remembered
    char head[256], tail[64];  // up to the posted amount; from the end of the held
  };
  static void fill(Slot& slot, const router::AccountView& budget, Timestamps& times);
  std::array<Slot, 64> slots_;
};

}  // namespace steelyard::telemetry
