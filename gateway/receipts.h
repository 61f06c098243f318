#pragma once
// Where every receipt goes: the decision log, the metrics, and a listener if there is one.
#include "config/types/error.h"

namespace steelyard {

class Session;
class Worker;
namespace telemetry {
struct Receipt;
}

// Closes the receipt (end, total) and hands it on. Once per request.
void record(Worker& worker, telemetry::Receipt& receipt);

// The receipt of a request that ended at the gate.
void record_refused(Session& session, const Error& error, unsigned status);

}  // namespace steelyard
