// Receipts are values full of views: what the checks need is copied out.
#include "gateway/telemetry/metrics.h"
#include "gateway/telemetry/receipt.h"
#include "gateway/telemetry/receipt_json.h"
#include "tests/sim/world.h"

namespace steelyard::sim {

void World::remember(const telemetry::Receipt& receipt) {
  ReceiptRecord r;
  char id[telemetry::request_id_bytes];
  telemetry::write_request_id(id, receipt.id);
  r.id.assign(id, sizeof id);
  r.mark = receipt.facts.task;
  r.scope = std::string(receipt.facts.organisation) + "/" + std::string(receipt.facts.team) + "/" +
            std::string(receipt.facts.key);
  r.status = receipt.http_status;
  r.failed = receipt.failed;
  r.over_budget = receipt.failed && receipt.error == ErrorKind::over_budget;
  r.spend = receipt.spend.v;
  r.overrun = receipt.overrun.v;
  for (const telemetry::ReceiptAttempt& a : receipt.attempts)
    r.attempts.push_back({std::string(a.provider), std::string(a.model), a.cost.v, a.held.v,
                          a.usage_source == telemetry::UsageSource::provider, a.failed, a.status});
  r.json = formatter_->format(receipt);
  trace("receipt ", r.mark, ": ", r.status, r.failed ? " failed, " : ", ", r.attempts.size(),
        " attempts, ", r.spend, " nano-dollars");
  outcome.receipts += r.json;
  outcome.attempts += r.attempts.size();
  outcome.refused += r.over_budget;
  ++outcome.requests;
  receipts.push_back(std::move(r));
}

}  // namespace steelyard::sim
