#pragma once
// A request whose budgets have room in the fleet, not here: it waits until this process was granted
// some, for FleetSpec::wait_ms in all. Made only where a hold was refused.
#include "config/types/error.h"
#include "config/types/money.h"
#include "gateway/fleet/agent.h"
#include "gateway/net/io.h"
#include "gateway/net/task.h"

namespace steelyard {

class Worker;

class RoomWait {
 public:
  // `worker` is of a fleet.
  explicit RoomWait(Worker& worker) : worker_(worker) {}
  ~RoomWait();
  RoomWait(const RoomWait&) = delete;
  RoomWait& operator=(const RoomWait&) = delete;

  // True: `amount` may fit into the budgets of `chain` now. Until this object goes, what was
  // granted for it is kept for it.
  net::Task<bool> more(const store::Chain& chain, NanoUsd amount);
  // After a false: nobody could say; the refusal is not the budget's.
  bool unreachable() const { return answer_ == fleet::Answer::unreachable; }
  static Error unreachable_error();

 private:
  Worker& worker_;
  fleet::Asking asking_;
  fleet::Answer answer_ = fleet::Answer::none;
  net::IoSlot told_;
};

}  // namespace steelyard
