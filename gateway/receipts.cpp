#include "gateway/receipts.h"

#include "gateway/runtime.h"
#include "gateway/session.h"
#include "gateway/telemetry/decision_log.h"
#include "gateway/telemetry/metrics.h"
#include "gateway/telemetry/receipt.h"
#include "gateway/telemetry/receipt_json.h"
#include "gateway/worker.h"
#include "gateway/worker_tools.h"

namespace steelyard {

void record(Worker& worker, telemetry::Receipt& receipt) {
  WorkerSeams& seams = worker.seams();
  receipt.end = worker.now();
  seams.metrics.record(receipt);
  if (seams.log != nullptr && seams.log->enabled())
    seams.log->append(seams.index, worker.tools().receipts.format(receipt));
  if (seams.on_receipt) seams.on_receipt(receipt);
}

void record_refused(Session& session, const Error& error, unsigned status) {
  Worker& worker = session.worker();
  telemetry::Receipt receipt;
  receipt.id = worker.new_request_id();
  receipt.start = session.started_at();
  receipt.call = call_of(session.route());
  receipt.client_dialect = dialect_of(session.wire());
  if (session.principal() != nullptr) {
    receipt.facts.organisation = session.principal()->organisation;
    receipt.facts.team = session.principal()->team;
    receipt.facts.key = session.principal()->key;
  }
  receipt.failed = true;
  receipt.http_status = static_cast<std::uint16_t>(status);
  receipt.error = error.kind;
  receipt.error_text = error.context;
  receipt.config_digest = session.runtime().spec.digest;
  receipt.generation = session.runtime().generation;
  receipt.durations.auth = session.auth_ns();
  receipt.durations.total = worker.tick_now() - session.started();
  receipt.durations.overhead = receipt.durations.total;
  record(worker, receipt);
}

}  // namespace steelyard
