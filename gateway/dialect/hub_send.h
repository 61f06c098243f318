#pragma once
// Events that every reader of answers sends in the same way.
#include "gateway/dialect/hub_answer.h"

namespace steelyard::dialect::hub {

// Nothing where none was reported.
inline void send_usage(const ReportedUsage& usage, EventSink& sink) {
  if (!usage.present) return;
  Event event;
  event.kind = EventKind::usage;
  event.usage = usage;
  sink.take(event);
}

inline void send_start(std::string_view id, std::string_view model, std::string_view tier,
                       EventSink& sink) {
  Event event;
  event.kind = EventKind::start;
  event.id = id;
  event.name = model;
  event.tier = tier;
  sink.take(event);
}

inline void send_fault(const UpstreamFault& fault, EventSink& sink) {
  Event event;
  event.kind = EventKind::fault;
  event.fault = &fault;
  sink.take(event);
}

inline void send_stop(StopReason stop, std::string_view sequence, std::uint32_t choice,
                      EventSink& sink) {
  Event event;
  event.kind = EventKind::stop;
  event.stop = stop;
  event.text = sequence;
  event.choice = choice;
  sink.take(event);
}

// `ids`: of what its provider keeps of the answer, a line each.
inline void send_end(Dropped lost, std::string_view ids, EventSink& sink) {
  Event event;
  event.kind = EventKind::end;
  event.lost = lost;
  event.id = ids;
  sink.take(event);
}

}  // namespace steelyard::dialect::hub
