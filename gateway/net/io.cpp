#include "gateway/net/io.h"

#include <utility>

namespace steelyard::net {

const char* name_of(IoError error) {
  switch (error) {
    case IoError::none: return "none";
    case IoError::would_block: return "would_block";
    case IoError::closed: return "closed";
    case IoError::reset: return "reset";
    case IoError::timed_out: return "timed_out";
    case IoError::cancelled: return "cancelled";
    case IoError::tls: return "tls";
    case IoError::refused: return "refused";
    case IoError::unresolved: return "unresolved";
  }
  return "none";
}

void IoSlot::complete(IoResult result) {
  result_ = result;
  state_ = State::done;
  if (waiter_) {
    std::exchange(waiter_, nullptr).resume();
  } else if (hook_ != nullptr) {
    hook_(hook_argument_);
  }
}

}  // namespace steelyard::net
