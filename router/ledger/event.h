#pragma once
// What the journal holds: immutable records, little-endian, packed.
//
//   len u32 | crc32c u32 | seq u64 | time i64 | type u8 | payload
//
// `len` counts the whole record, `crc32c` covers len and everything after the crc, `seq` grows by
// one from record to record over all segments, `time` is the Instant of the event. A length of zero
// ends a segment. A segment file starts with a SegmentHeader. Pure: bytes in, values out.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "router/ledger/ledger.h"

namespace steelyard::router {

inline constexpr std::size_t record_head_bytes = 25;
inline constexpr std::size_t scope_bytes_max = 1024;  // of an account
inline constexpr std::size_t zone_bytes_max = 255;
inline constexpr std::size_t payload_bytes_max = 2048;
inline constexpr std::size_t record_bytes_max = record_head_bytes + payload_bytes_max;
inline constexpr std::size_t segment_header_bytes = 64;

// The numbers are on disks: never change one, never use one again.
enum class EventType : std::uint8_t {
  account = 1,   // a budget got its journal id, or a new limit
  dispatch = 2,  // money at risk; holds all that replay needs
  settle = 3,
  release = 4,    // a dispatched hold that cost nothing
  expire = 5,     // a dispatched hold whose end nobody saw: posted in full as suspense
  fired = 6,      // a threshold was said
  adjust = 8,     // a correction of what was posted, or a top-up
  limited = 9,    // an operator set another limit than the configured one
  once = 11,      // a request came with an idempotency key
  approval = 10,  // an approval was asked for, or an operator gave it
  extend = 12,    // a dispatched hold has grown
  synced = 7,     // everything up to a seq is known to be on the disk
};

struct Event {
  std::uint64_t seq = 0;
  Instant time;
  EventType type = EventType::account;
  std::string_view payload;  // into the caller's bytes
};

// Writes one record; `out` has room for record_head_bytes + payload. Returns its length.
std::size_t write_record(char* out, const Event& event);

enum class ReadStatus : std::uint8_t { record, end, bad };
struct ReadRecord {
  ReadStatus status = ReadStatus::end;
  std::size_t bytes = 0;  // of the record
  Event event;
};
// The record at the start of `bytes`. `end`: no bytes left, or a zero length.
ReadRecord read_record(std::string_view bytes);

struct SegmentHeader {
  std::uint32_t index = 0;  // 1, 2, 3 ... as in the file's name
};
void write_segment_header(char* out, SegmentHeader header);  // segment_header_bytes
std::optional<SegmentHeader> read_segment_header(std::string_view bytes);

// Payloads. `account` below is the journal's number of an account: it outlives processes, unlike
// AccountId.
struct AccountEvent {
  std::uint32_t account = 0;  // the next unused number for a new one: 0, 1, 2 ...
  WindowKind per = WindowKind::month;
  NanoUsd limit;
  std::string_view scope, zone;
  std::uint8_t starts = 1;     // older records have none
  std::int64_t rolling_s = 0;  // of a rolling budget; others have none
};
struct JournalWindow {
  std::uint32_t account = 0;
  Instant start, end;
};
struct DispatchEvent {
  AttemptKey key;
  NanoUsd amount;
  std::uint32_t count = 0;
  std::array<JournalWindow, limits::windows_per_request_max> windows;
};
struct SettleEvent {
  AttemptKey key;
  NanoUsd actual;
  UsageSource source = UsageSource::provider;
};
struct EndEvent {  // release, expire
  AttemptKey key;
};
struct ExtendEvent {
  AttemptKey key;
  NanoUsd more;
};
struct FiredEvent {
  std::uint32_t account = 0;
  Instant window_start;
  std::int32_t percent = 0;
};
// The numbers are on disks.
enum class AdjustReason : std::uint8_t { late_usage = 0, correction = 1, reset = 2, top_up = 3 };
const char* name_of(AdjustReason reason);
inline constexpr std::size_t note_bytes_max = 200;
struct AdjustEvent {
  AttemptKey key;  // late usage: of this attempt; otherwise {}
  NanoUsd posted;  // added to what is posted in each window; may be negative
  NanoUsd credit;  // added to the room in each window
  AdjustReason reason = AdjustReason::correction;
  std::uint32_t count = 0;
  std::array<JournalWindow, limits::windows_per_request_max> windows;
  std::string_view note;  // why, in the operator's words
};
struct LimitedEvent {
  std::uint32_t account = 0;
  NanoUsd limit;       // in force from now on
  NanoUsd configured;  // while the configuration says this
};
struct ApprovalEvent {
  JournalWindow window;
  std::int32_t percent = 0;  // the threshold
  bool given = false;        // false: asked for
  std::string_view note;     // why, in the operator's words
};
// An idempotency key, hashed, and the request that came with it.
struct KnownKey {
  std::uint64_t hi = 0, lo = 0;  // key and principal
  std::uint64_t body = 0;
  RequestId request;
  Instant time;  // of the event; not in the payload
  friend bool operator==(const KnownKey&, const KnownKey&) = default;
};
struct SyncedEvent {
  std::uint64_t seq = 0;
};

// Each writes its payload to `out` (payload_bytes_max) and returns its length.
std::size_t encode(char* out, const AccountEvent& event);  // scope and zone within their limits
std::size_t encode(char* out, const DispatchEvent& event);
std::size_t encode(char* out, const SettleEvent& event);
std::size_t encode(char* out, const EndEvent& event);
std::size_t encode(char* out, const ExtendEvent& event);
std::size_t encode(char* out, const FiredEvent& event);
std::size_t encode(char* out, const SyncedEvent& event);
std::size_t encode(char* out, const AdjustEvent& event);  // note within its limit
std::size_t encode(char* out, const LimitedEvent& event);
std::size_t encode(char* out, const KnownKey& event);
std::size_t encode(char* out, const ApprovalEvent& event);  // note within its limit

// False: not a payload of this kind (wrong length, value out of range).
bool decode(std::string_view payload, AccountEvent& event);
bool decode(std::string_view payload, DispatchEvent& event);
bool decode(std::string_view payload, SettleEvent& event);
bool decode(std::string_view payload, EndEvent& event);
bool decode(std::string_view payload, ExtendEvent& event);
bool decode(std::string_view payload, FiredEvent& event);
bool decode(std::string_view payload, SyncedEvent& event);
bool decode(std::string_view payload, AdjustEvent& event);
bool decode(std::string_view payload, LimitedEvent& event);
bool decode(std::string_view payload, ApprovalEvent& event);
bool decode(std::string_view payload, KnownKey& event);

}  // namespace steelyard::router
