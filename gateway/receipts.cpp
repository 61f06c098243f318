#include "gateway/receipts.h"

#include <algorithm>

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

void begin_receipt(Session& session, telemetry::Receipt& receipt) {
  receipt.id = session.new_request_id();
  receipt.start = session.started_at();
  receipt.call = call_of(session.route());
  receipt.client_dialect = dialect_of(session.wire());
  if (session.principal() != nullptr) {
    receipt.facts.organisation = session.principal()->organisation;
    receipt.facts.team = session.principal()->team;
    receipt.facts.key = session.principal()->key;
  }
  receipt.config_digest = session.runtime().spec.digest;
  receipt.generation = session.runtime().generation;
  receipt.price_version = session.runtime().spec.catalog_as_of;
  receipt.durations.auth = session.auth_ns();
}

void end_receipt(Session& session, telemetry::Receipt& receipt, std::int64_t waited_ns) {
  receipt.durations.total = session.worker().tick_now() - session.started();
  receipt.durations.overhead = std::max<std::int64_t>(receipt.durations.total - waited_ns, 0);
  if (session.client_gone()) receipt.client_abort = telemetry::ClientAbort::mid_stream;
  session.note_end(receipt.spend, !receipt.failed);
  record(session.worker(), receipt);
}

void record_replayed(Session& session) {
  telemetry::Receipt receipt;
  begin_receipt(session, receipt);
  receipt.http_status = 200;
  end_receipt(session, receipt, 0);
}

void record_refused(Session& session, const Error& error, unsigned status) {
  telemetry::Receipt receipt;
  begin_receipt(session, receipt);
  receipt.failed = true;
  receipt.http_status = static_cast<std::uint16_t>(status);
  receipt.error = error.kind;
  receipt.error_text = error.context;
  end_receipt(session, receipt, 0);
}

}  // namespace steelyard
