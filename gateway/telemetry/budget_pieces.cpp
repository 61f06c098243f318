#include "gateway/telemetry/budget_pieces.h"

#include "gateway/telemetry/fragments.h"
#include "gateway/telemetry/json_put.h"
#include "gateway/telemetry/receipt.h"
#include "gateway/telemetry/receipt_fields.h"
#include "gateway/telemetry/timestamp.h"

namespace steelyard::telemetry {

void BudgetPieces::fill(Slot& slot, const router::AccountView& b, Timestamps& times) {
  slot.scope = b.scope;
  slot.per = b.per;
  slot.limit = b.limit;
  slot.resets_at = b.window_end;
  char* p = telemetry::put(slot.head, "{\"scope\":", b.scope, 2 * name_text_max);
  p = telemetry::put(p, ",\"window\":\"");
  p = put_word(p, window_name(b.per));
  p = telemetry::put(p, "\",\"limit_nano_usd\":", b.limit.v);
  p = telemetry::put(p, ",\"posted_nano_usd\":");
  slot.head_size = static_cast<std::uint32_t>(p - slot.head);
  p = slot.tail;
  if (printable(b.window_end))
    p = times.put_seconds(telemetry::put(p, ",\"resets_at\":"), b.window_end);
  p = telemetry::put(p, "}");
  slot.tail_size = static_cast<std::uint32_t>(p - slot.tail);
}

char* BudgetPieces::put(char* p, const router::AccountView& b, Timestamps& times) {
  const auto limit = static_cast<std::uint64_t>(b.limit.v);
  const std::uint64_t mixed =
      (limit ^ b.scope.size() << 40 ^ static_cast<std::uint64_t>(b.per)) * 0x9E37'79B9'7F4A'7C15u;
  Slot& slot = slots_[mixed >> 58];
  const bool same = slot.head_size != 0 && slot.limit == b.limit &&
                    slot.resets_at == b.window_end && slot.per == b.per && slot.scope == b.scope;
  if (!same) [[unlikely]]
    fill(slot, b, times);
  p = copy_piece(p, slot.head, slot.head_size);
  p = put_number(p, b.posted.v);
  p = put_some(p, ",\"held_nano_usd\":", b.held.v);
  return copy_piece(p, slot.tail, slot.tail_size);
}

}  // namespace steelyard::telemetry
