#pragma once
// Where every receipt goes: the decision log, the metrics, and a listener if there is one.
#include <cstdint>

#include "config/types/error.h"

namespace steelyard {

class Session;
class Worker;
namespace telemetry {
struct Receipt;
}

// Closes the receipt (end, total) and hands it on. Once per request.
void record(Worker& worker, telemetry::Receipt& receipt);

// What every receipt begins with; `receipt` is new. Of paths that no chat plan serves.
void begin_receipt(Session& session, telemetry::Receipt& receipt);
// Its durations, then record(). `waited_ns`: for peers.
void end_receipt(Session& session, telemetry::Receipt& receipt, std::int64_t waited_ns);
// The receipt of a request that got a stored answer: nothing was spent.
void record_replayed(Session& session);

// The receipt of a request that ended at the gate.
void record_refused(Session& session, const Error& error, unsigned status);

}  // namespace steelyard
