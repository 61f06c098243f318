#include "gateway/reports/journal_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "gateway/store/directory.h"
#include "gateway/store/file_view.h"
#include "gateway/store/recovery.h"
#include "gateway/store/snapshot.h"

namespace steelyard::reports {
namespace {

using router::Balances;
using router::Event;
using router::EventType;

constexpr std::size_t problems_max = 100;
constexpr int tries_max = 5;

// One reading of the directory, record by record.
class Tracer {
 public:
  Tracer(JournalTrace& out, std::uint64_t last_seq)
      : out_(out), replayed_(out.before), seq_(last_seq) {
    for (const auto& [key, hold] : out.before.open_holds()) {
      TracedAttempt& attempt = out_.attempts[key];
      attempt.held = hold.amount;
      attempt.began_before = true;
      attempt.windows = hold.windows;
    }
  }

  // Up to the record `until`. False: the journal has no record in this segment.
  bool read(std::string_view segment, std::uint64_t until) {
    std::size_t at = router::segment_header_bytes;
    while (at < segment.size() && seq_ < until) {
      const router::ReadRecord record = router::read_record(segment.substr(at));
      if (record.status != router::ReadStatus::record || record.event.seq != seq_ + 1) break;
      seq_ = record.event.seq;
      take(record.event);
      at += record.bytes;
    }
    return at > router::segment_header_bytes;
  }

  void compare(const store::Snapshot& snapshot) {
    ++out_.snapshots_compared;
    if (snapshot.last_seq != seq_ || !(snapshot.balances == replayed_))
      problem(fmt::format("snapshot {} is not what the journal says up to record {}",
                          snapshot.segment, seq_));
  }

  std::uint64_t seq() const { return seq_; }
  const Balances& replayed() const { return replayed_; }

 private:
  void problem(std::string text) {
    if (out_.problems.size() < problems_max) out_.problems.push_back(std::move(text));
  }

  void take(const Event& event) {
    ++out_.records;
    const Result<void> applied = replayed_.apply(event);
    if (!applied) problem(applied.error().context);
    if (event.type != EventType::synced) {
      if (out_.first.ns == 0) out_.first = event.time;
      out_.last = std::max(out_.last, event.time);
    }
    switch (event.type) {
      case EventType::dispatch: return begin(event);
      case EventType::settle: {
        router::SettleEvent settle;
        if (router::decode(event.payload, settle))
          end(event, settle.key, AttemptEnd::settled, settle.actual, settle.source);
        return;
      }
      case EventType::release:
      case EventType::expire: {
        router::EndEvent ending;
        if (!router::decode(event.payload, ending)) return;
        const bool expired = event.type == EventType::expire;
        end(event, ending.key, expired ? AttemptEnd::expired : AttemptEnd::released, std::nullopt,
            router::UsageSource::recovered);
        return;
      }
      case EventType::extend: return extend(event);
      case EventType::adjust: return adjust(event);
      default: return;
    }
  }

  void extend(const Event& event) {
    router::ExtendEvent extend;
    if (!router::decode(event.payload, extend)) return;
    const auto place = out_.attempts.find(extend.key);
    if (place == out_.attempts.end() || place->second.end != AttemptEnd::open)
      return problem(fmt::format("record {}: an attempt grew that is not in flight", event.seq));
    place->second.held += extend.more;
    for (const Balances::WindowId& id : place->second.windows)
      out_.windows[{id.account, id.start.ns}].held += extend.more.v;
  }

  void adjust(const Event& event) {
    router::AdjustEvent adjust;
    if (!router::decode(event.payload, adjust)) return;
    ++out_.adjustments;
    for (std::uint32_t i = 0; i < adjust.count; ++i) {
      TracedWindow& window = out_.windows[{adjust.windows[i].account, adjust.windows[i].start.ns}];
      window.posted += adjust.posted.v;
      window.credit += adjust.credit.v;
    }
    const auto place = out_.attempts.find(adjust.key);
    if (adjust.reason == router::AdjustReason::late_usage && place != out_.attempts.end())
      place->second.posted += adjust.posted;
  }

  void begin(const Event& event) {
    router::DispatchEvent dispatch;
    if (!router::decode(event.payload, dispatch)) return;
    const auto [place, fresh] = out_.attempts.try_emplace(dispatch.key);
    if (!fresh) return problem(fmt::format("record {}: dispatched twice", event.seq));
    TracedAttempt& attempt = place->second;
    attempt.held = dispatch.amount;
    attempt.began = event.time;
    for (std::uint32_t i = 0; i < dispatch.count; ++i) {
      const router::JournalWindow& window = dispatch.windows[i];
      attempt.windows.push_back({window.account, window.start});
      out_.windows[{window.account, window.start.ns}].held += dispatch.amount.v;
    }
  }

  void end(const Event& event, const router::AttemptKey& key, AttemptEnd how,
           std::optional<NanoUsd> actual, router::UsageSource source) {
    const auto place = out_.attempts.find(key);
    if (place == out_.attempts.end())
      return problem(fmt::format("record {}: the end of an attempt without a dispatch", event.seq));
    TracedAttempt& attempt = place->second;
    if (attempt.end != AttemptEnd::open)
      return problem(fmt::format("record {}: a second end of one attempt", event.seq));
    attempt.end = how;
    attempt.ended = event.time;
    attempt.source = source;
    if (how == AttemptEnd::expired) attempt.posted = attempt.held;
    if (actual) attempt.posted = *actual;
    for (const Balances::WindowId& id : attempt.windows) {
      TracedWindow& window = out_.windows[{id.account, id.start.ns}];
      window.held -= attempt.held.v;
      window.posted += attempt.posted.v;
      if (attempt.posted > attempt.held)
        window.overrun += static_cast<Int128>(attempt.posted.v) - attempt.held.v;
    }
  }

  JournalTrace& out_;
  Balances replayed_;
  std::uint64_t seq_;
};

Result<JournalTrace> trace_once(const std::string& directory) {
  const Result<store::DirectoryListing> listing = store::list_directory(directory);
  if (!listing) return fail(listing.error());
  // What is appended meanwhile is not looked at: this comes first and says where to stop.
  const Result<store::Recovered> told = store::read_books(directory);
  if (!told) return fail(told.error());
  JournalTrace out;
  out.after = told->balances;
  out.cut_bytes = told->cut_bytes;
  store::Snapshot base;
  std::vector<std::uint32_t> later;
  for (const std::uint32_t index : listing->snapshots) {
    Result<store::Snapshot> snapshot = store::read_snapshot(directory, index);
    if (!snapshot)
      out.problems.push_back(snapshot.error().context);
    else if (base.segment == 0 && (listing->segments.empty() || listing->segments[0] > 1))
      base = std::move(*snapshot);
    else
      later.push_back(index);
  }
  out.before = base.balances;
  out.complete = base.segment == 0;
  Tracer tracer(out, base.last_seq);
  for (const std::uint32_t index : listing->segments) {
    if (index <= base.segment) continue;
    const Result<store::FileView> view =
        store::FileView::open(store::segment_path(directory, index));
    if (!view) return fail(view.error());
    if (!tracer.read(view->bytes(), told->last_seq)) break;
    if (std::find(later.begin(), later.end(), index) == later.end()) continue;
    const Result<store::Snapshot> snapshot = store::read_snapshot(directory, index);
    if (snapshot) tracer.compare(*snapshot);
  }
  if (tracer.seq() != told->last_seq || !(tracer.replayed() == told->balances))
    out.problems.push_back(
        fmt::format("the journal up to record {} and recovery disagree", tracer.seq()));
  return out;
}

}  // namespace

const char* name_of(AttemptEnd end) {
  switch (end) {
    case AttemptEnd::open: return "open";
    case AttemptEnd::settled: return "settled";
    case AttemptEnd::released: return "released";
    case AttemptEnd::expired: return "expired";
  }
  return "";
}

Result<JournalTrace> trace_journal(const std::string& directory) {
  Result<JournalTrace> trace = trace_once(directory);
  for (int i = 1; i < tries_max && (!trace || !trace->problems.empty()); ++i)
    trace = trace_once(directory);
  return trace;
}

}  // namespace steelyard::reports
