#include "router/ledger/journal_scan.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace steelyard::router {

namespace {

constexpr std::size_t kSectorBytes = 512;  // the smallest unit a disk writes whole

auto corrupt(const SegmentBytes& segment, std::size_t offset, const std::string& what) {
  return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never,
              "ledger segment " + std::to_string(segment.index) + ", byte " +
                  std::to_string(offset) + ": " + what);
}

bool all_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

std::uint64_t count_nonzero(std::string_view bytes) {
  return bytes.size() - static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\0'));
}

// Whether [from, to) covers a whole sector of zeroes.
bool has_zero_sector(std::string_view bytes, std::size_t from, std::size_t to) {
  std::size_t at = (from + kSectorBytes - 1) / kSectorBytes * kSectorBytes;
  for (; at + kSectorBytes <= to; at += kSectorBytes)
    if (all_zero(bytes.substr(at, kSectorBytes))) return true;
  return false;
}

// What lies after the end of the valid records.
struct Rest {
  bool good_record = false;
  bool lost_sector = false;  // before the first good record
  std::uint64_t synced = 0;  // highest seq a later record proves to have been durable
  std::uint64_t nonzero = 0;
};

// Looks at every byte of `segment` from `from` on: could a record start here?
void examine(const SegmentBytes& segment, std::size_t from, Rest& rest) {
  const std::string_view bytes = segment.bytes;
  std::size_t at = from;
  while (at < bytes.size()) {
    // Most of a preallocated segment is zeroes: jump over them.
    at = std::min(bytes.find_first_not_of('\0', at), bytes.size());
    if (at == bytes.size()) break;
    // The low bytes of a record's length may be zero, the third and fourth are.
    bool found = false;
    for (std::size_t start = at > from ? at - 1 : at; start <= at; ++start) {
      const ReadRecord read = read_record(bytes.substr(start));
      if (read.status != ReadStatus::record) continue;
      if (!rest.good_record) rest.lost_sector |= has_zero_sector(bytes, from, start);
      rest.good_record = true;
      SyncedEvent synced;
      if (read.event.type == EventType::synced && decode(read.event.payload, synced))
        rest.synced = std::max(rest.synced, synced.seq);
      at = start + read.bytes;
      found = true;
      break;
    }
    if (!found) ++at;
  }
  if (!rest.good_record) rest.lost_sector |= has_zero_sector(bytes, from, bytes.size());
  rest.nonzero += count_nonzero(bytes.substr(std::min(from, bytes.size())));
}

Result<void> check_header(const SegmentBytes& segment, bool last) {
  const auto header = read_segment_header(segment.bytes);
  if (header && header->index == segment.index) return {};
  if (header) return corrupt(segment, 0, "holds segment " + std::to_string(header->index));
  // A process may be killed while it makes a segment, before anything was written to it.
  const bool unborn = segment.bytes.size() < segment_header_bytes ||
                      all_zero(segment.bytes.substr(segment_header_bytes));
  if (last && unborn) return {};
  return corrupt(segment, 0, "the header is damaged");
}

// A later segment that starts with the record wanted next.
bool continues(const SegmentBytes& segment, std::uint64_t seq) {
  if (segment.bytes.size() < segment_header_bytes) return false;
  const ReadRecord read = read_record(segment.bytes.substr(segment_header_bytes));
  return read.status == ReadStatus::record && read.event.seq == seq;
}

struct Position {
  std::size_t segment = 0, offset = segment_header_bytes;
};

Result<ScanReport> judge_end(std::span<const SegmentBytes> segments, Position end,
                             ScanReport report) {
  Rest rest;
  for (std::size_t i = end.segment; i < segments.size(); ++i)
    examine(segments[i], i == end.segment ? end.offset : segment_header_bytes, rest);
  const std::uint64_t lost = report.last_seq + 1;
  if (rest.good_record && (rest.synced >= lost || !rest.lost_sector))
    return corrupt(
        segments[end.segment], end.offset,
        "record " + std::to_string(lost) +
            " is damaged or missing, but valid records follow; restore the directory from "
            "a copy, or move it away to start with empty books");
  report.cut_bytes = rest.nonzero;
  return report;
}

}  // namespace

Result<ScanReport> scan_journal(std::span<const SegmentBytes> segments, std::uint64_t last_seq,
                                Balances& balances) {
  ScanReport report;
  report.last_seq = last_seq;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (i > 0 && segments[i].index != segments[i - 1].index + 1)
      return corrupt(segments[i], 0, "the segment before it is missing");
    const Result<void> header = check_header(segments[i], i + 1 == segments.size());
    if (!header) return fail(header.error());
  }

  Position at;
  while (at.segment < segments.size()) {
    const std::string_view bytes = segments[at.segment].bytes;
    const ReadRecord read = read_record(bytes.substr(std::min(at.offset, bytes.size())));
    if (read.status == ReadStatus::record && read.event.seq == report.last_seq + 1) {
      const Result<void> applied = balances.apply(read.event);
      if (!applied) return fail(applied.error());
      at.offset += read.bytes;
      ++report.last_seq;
      ++report.records;
      report.segments_used = at.segment + 1;
      report.valid_bytes = at.offset;
      continue;
    }
    const bool clean_end =
        read.status == ReadStatus::end && all_zero(bytes.substr(std::min(at.offset, bytes.size())));
    const bool more = at.segment + 1 < segments.size();
    if (!clean_end || !more || !continues(segments[at.segment + 1], report.last_seq + 1))
      return judge_end(segments, at, report);
    at = Position{at.segment + 1, segment_header_bytes};
  }
  return report;
}

}  // namespace steelyard::router
