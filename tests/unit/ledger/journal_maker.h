#pragma once
// Journals made by hand, byte by byte.
#include "router/ledger/journal_scan.h"
#include "support.h"

namespace ledger_test {

class JournalMaker {
 public:
  JournalMaker() {
    next_segment();
    char out[payload_bytes_max];
    for (std::uint32_t i = 0; i < 3; ++i)
      add(EventType::account, out,
          encode(out, AccountEvent{
                          i, WindowKind::month, {1'000'000}, "level" + std::to_string(i), "UTC"}));
  }
  void next_segment() {
    segments.emplace_back(segment_header_bytes, '\0');
    write_segment_header(segments.back().data(), {static_cast<std::uint32_t>(segments.size())});
  }
  void dispatch(std::uint64_t n, std::int64_t amount) {
    char out[payload_bytes_max];
    DispatchEvent event{key(n), {amount}, 3, {}};
    for (std::uint32_t i = 0; i < 3; ++i) event.windows[i] = {i, may(1, 0), may(30, 0)};
    add(EventType::dispatch, out, encode(out, event));
  }
  void settle(std::uint64_t n, std::int64_t actual) {
    char out[payload_bytes_max];
    add(EventType::settle, out, encode(out, SettleEvent{key(n), {actual}, UsageSource::provider}));
  }
  void once(std::uint64_t n) {
    char out[payload_bytes_max];
    add(EventType::once, out, encode(out, KnownKey{n, 1, 2, key(n).request, {}}));
  }
  void approval(std::int32_t percent, bool given) {
    char out[payload_bytes_max];
    add(EventType::approval, out,
        encode(out, ApprovalEvent{{0, may(1, 0), may(30, 0)}, percent, given, "why"}));
  }
  void synced(std::uint64_t up_to) {
    char out[payload_bytes_max];
    add(EventType::synced, out, encode(out, SyncedEvent{up_to}));
  }
  void requests(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t n = from; n < to; ++n) {
      if (n % 7 == 3) once(n);
      if (n % 11 == 5) approval(static_cast<std::int32_t>(n % 90) + 1, n % 2 == 0);
      dispatch(n, 100);
      if (n % 4 != 0) settle(n, static_cast<std::int64_t>(n % 120));
    }
  }
  std::vector<SegmentBytes> views() const {
    std::vector<SegmentBytes> out;
    for (std::size_t i = 0; i < segments.size(); ++i)
      out.push_back({static_cast<std::uint32_t>(i + 1), segments[i]});
    return out;
  }

  struct Place {  // of a record
    std::size_t segment, offset, bytes;
  };
  std::vector<std::string> segments;
  std::vector<Place> places;
  std::uint64_t seq = 0;

 private:
  void add(EventType type, const char* payload, std::size_t size) {
    char record[record_bytes_max];
    const std::size_t bytes = write_record(record, {++seq, may(1), type, {payload, size}});
    places.push_back({segments.size() - 1, segments.back().size(), bytes});
    segments.back().append(record, bytes);
  }
};

struct Scanned {
  bool ok = false;
  ScanReport report;
  Balances balances;
  std::string error;
};

inline Scanned scan(const std::vector<SegmentBytes>& segments) {
  Scanned out;
  const auto report = scan_journal(segments, 0, out.balances);
  out.ok = report.has_value();
  if (report) out.report = *report;
  if (!report) out.error = report.error().context;
  return out;
}

// The balances after each record: element n is the state after n records.
inline std::vector<Balances> states_of(const JournalMaker& journal) {
  std::vector<Balances> out(1);
  for (const JournalMaker::Place& place : journal.places) {
    const std::string_view bytes = journal.segments[place.segment];
    out.push_back(out.back());
    REQUIRE(out.back().apply(read_record(bytes.substr(place.offset)).event).has_value());
  }
  return out;
}

}  // namespace ledger_test
