#pragma once
// Reads a journal's segments into Balances and decides where the journal ends. Pure: bytes in.
//
// The journal ends at the first place without a valid next record (right CRC, seq one higher). What
// lies behind decides what that means:
//   nothing but zeroes or garbage      the torn end of a killed process or a power cut: cut off
//   valid records, after whole lost    a power cut that wrote pages out of order, in the last
//   moments that sectors of zeroes, unsynced        were never reported as durable: cut off valid
//   records otherwise            damage: refused, nothing is guessed
#include <cstdint>
#include <span>
#include <string_view>

#include "config/types/result.h"
#include "router/ledger/balances.h"

namespace steelyard::router {

struct SegmentBytes {
  std::uint32_t index = 0;  // from the file's name
  std::string_view bytes;   // the whole file, header included
};

struct ScanReport {
  std::uint64_t last_seq = 0;     // of the last valid record
  std::uint64_t records = 0;      // applied
  std::size_t segments_used = 0;  // segments that hold valid records: the first n
  std::size_t valid_bytes = 0;    // of the last of these
  std::uint64_t cut_bytes = 0;    // not zero, after the end
};

// Applies all records after `last_seq` to `balances`. `segments` in ascending order; their indexes
// must have no gap and agree with their headers.
Result<ScanReport> scan_journal(std::span<const SegmentBytes> segments, std::uint64_t last_seq,
                                Balances& balances);

}  // namespace steelyard::router
