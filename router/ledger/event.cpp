#include "router/ledger/event.h"

#include "router/ledger/crc32c.h"
#include "router/ledger/packed.h"

namespace steelyard::router {

namespace {

constexpr std::uint64_t kSegmentMagic = 0x316C726A796C7473u;  // "stlyjrl1"
constexpr std::uint32_t kSegmentVersion = 1;
constexpr std::size_t kWindowBytes = 20, kKeyBytes = 17;

bool known(WindowKind kind) {
  return kind <= WindowKind::rolling;
}

std::uint32_t record_crc(const char* record, std::size_t bytes) {
  return crc32c(crc32c(0, record, 4), record + 8, bytes - 8);
}

}  // namespace

std::size_t write_record(char* out, const Event& event) {
  const std::size_t bytes = record_head_bytes + event.payload.size();
  PackedWriter(out)
      .put(static_cast<std::uint32_t>(bytes))
      .put(std::uint32_t{0})
      .put(event.seq)
      .put(event.time.ns)
      .put(event.type);
  std::memcpy(out + record_head_bytes, event.payload.data(), event.payload.size());
  const std::uint32_t crc = record_crc(out, bytes);
  std::memcpy(out + 4, &crc, sizeof crc);
  return bytes;
}

ReadRecord read_record(std::string_view bytes) {
  ReadRecord out;
  if (bytes.empty()) return out;
  out.status = ReadStatus::bad;
  if (bytes.size() < 4) {
    // A cut file may end inside the zeroes after the last record.
    if (bytes.find_first_not_of('\0') == std::string_view::npos) out.status = ReadStatus::end;
    return out;
  }
  PackedReader in(bytes);
  const std::size_t size = in.get<std::uint32_t>();
  if (size == 0) {
    out.status = ReadStatus::end;
    return out;
  }
  if (size < record_head_bytes || size > record_bytes_max || size > bytes.size()) return out;
  const std::uint32_t crc = in.get<std::uint32_t>();
  if (crc != record_crc(bytes.data(), size)) return out;
  out.status = ReadStatus::record;
  out.bytes = size;
  out.event.seq = in.get<std::uint64_t>();
  out.event.time.ns = in.get<std::int64_t>();
  out.event.type = in.get<EventType>();
  out.event.payload = bytes.substr(record_head_bytes, size - record_head_bytes);
  return out;
}

void write_segment_header(char* out, SegmentHeader header) {
  std::memset(out, 0, segment_header_bytes);
  PackedWriter writer(out);
  writer.put(kSegmentMagic).put(kSegmentVersion).put(header.index);
  const std::uint32_t crc = crc32c(0, out, writer.size());
  writer.put(crc);
}

std::optional<SegmentHeader> read_segment_header(std::string_view bytes) {
  if (bytes.size() < segment_header_bytes) return std::nullopt;
  PackedReader in(bytes);
  const std::uint64_t magic = in.get<std::uint64_t>();
  const std::uint32_t version = in.get<std::uint32_t>();
  const std::uint32_t index = in.get<std::uint32_t>();
  const std::uint32_t crc = in.get<std::uint32_t>();
  if (magic != kSegmentMagic || version != kSegmentVersion || crc != crc32c(0, bytes.data(), 16))
    return std::nullopt;
  return SegmentHeader{index};
}

std::size_t encode(char* out, const AccountEvent& event) {
  PackedWriter writer(out);
  writer.put(event.account).put(event.per).put(event.limit.v);
  writer.put_text(event.scope).put_text(event.zone).put(event.starts);
  if (event.per == WindowKind::rolling) writer.put(event.rolling_s);
  return writer.size();
}

bool decode(std::string_view payload, AccountEvent& event) {
  PackedReader in(payload);
  event.account = in.get<std::uint32_t>();
  event.per = in.get<WindowKind>();
  event.limit.v = in.get<std::int64_t>();
  event.scope = in.get_text();
  event.zone = in.get_text();
  event.starts = in.done() ? std::uint8_t{1} : in.get<std::uint8_t>();
  const bool rolls = event.per == WindowKind::rolling;
  event.rolling_s = rolls ? in.get<std::int64_t>() : 0;
  return in.done() && event.starts >= 1 && event.starts <= 31 && known(event.per) &&
         event.limit.v >= 0 && (event.rolling_s > 0) == rolls;
}

std::size_t encode(char* out, const DispatchEvent& event) {
  DispatchWriter writer(out, event.key, event.amount, static_cast<std::uint8_t>(event.count));
  for (std::uint32_t i = 0; i < event.count; ++i) writer.add(event.windows[i]);
  return writer.size();
}

namespace {

// False: a window that ends before it starts, or that is not there.
bool get_windows(PackedReader& in, std::span<JournalWindow> windows) {
  for (JournalWindow& window : windows) {
    window.account = in.get<std::uint32_t>();
    window.start.ns = in.get<std::int64_t>();
    window.end.ns = in.get<std::int64_t>();
    if (window.end <= window.start) return false;
  }
  return true;
}

}  // namespace

bool decode(std::string_view payload, DispatchEvent& event) {
  PackedReader in(payload);
  event.key = in.get_key();
  event.amount.v = in.get<std::int64_t>();
  event.count = in.get<std::uint8_t>();
  if (!in.ok() || event.amount.v < 0 || event.count > event.windows.size()) return false;
  if (payload.size() != kKeyBytes + 9 + event.count * kWindowBytes) return false;
  return get_windows(in, {event.windows.data(), event.count}) && in.done();
}

const char* name_of(AdjustReason reason) {
  switch (reason) {
    case AdjustReason::late_usage: return "late usage";
    case AdjustReason::correction: return "correction";
    case AdjustReason::reset: return "reset";
    case AdjustReason::top_up: return "top-up";
  }
  return "";
}

std::size_t encode(char* out, const AdjustEvent& event) {
  PackedWriter writer(out);
  writer.put_key(event.key).put(event.posted.v).put(event.credit.v).put(event.reason);
  writer.put(static_cast<std::uint8_t>(event.count));
  for (std::uint32_t i = 0; i < event.count; ++i) {
    const JournalWindow& window = event.windows[i];
    writer.put(window.account).put(window.start.ns).put(window.end.ns);
  }
  return writer.put_text(event.note).size();
}

bool decode(std::string_view payload, AdjustEvent& event) {
  PackedReader in(payload);
  event.key = in.get_key();
  event.posted.v = in.get<std::int64_t>();
  event.credit.v = in.get<std::int64_t>();
  event.reason = in.get<AdjustReason>();
  event.count = in.get<std::uint8_t>();
  if (!in.ok() || event.count > event.windows.size() || event.reason > AdjustReason::top_up)
    return false;
  if (!get_windows(in, {event.windows.data(), event.count})) return false;
  event.note = in.get_text();
  return in.done() && event.note.size() <= note_bytes_max;
}

std::size_t encode(char* out, const LimitedEvent& event) {
  return PackedWriter(out).put(event.account).put(event.limit.v).put(event.configured.v).size();
}

bool decode(std::string_view payload, LimitedEvent& event) {
  PackedReader in(payload);
  event.account = in.get<std::uint32_t>();
  event.limit.v = in.get<std::int64_t>();
  event.configured.v = in.get<std::int64_t>();
  return in.done() && event.limit.v >= 0 && event.configured.v >= 0;
}

std::size_t encode(char* out, const ApprovalEvent& event) {
  PackedWriter writer(out);
  writer.put(event.window.account).put(event.window.start.ns).put(event.window.end.ns);
  writer.put(event.percent).put(static_cast<std::uint8_t>(event.given));
  return writer.put_text(event.note).size();
}

bool decode(std::string_view payload, ApprovalEvent& event) {
  PackedReader in(payload);
  if (!get_windows(in, {&event.window, 1})) return false;
  event.percent = in.get<std::int32_t>();
  const std::uint8_t given = in.get<std::uint8_t>();
  event.given = given != 0;
  event.note = in.get_text();
  return in.done() && given <= 1 && event.percent > 0 && event.note.size() <= note_bytes_max;
}

std::size_t encode(char* out, const KnownKey& event) {
  PackedWriter writer(out);
  writer.put(event.hi).put(event.lo).put(event.body);
  return writer.put(event.request.hi).put(event.request.lo).size();
}

bool decode(std::string_view payload, KnownKey& event) {
  PackedReader in(payload);
  event.hi = in.get<std::uint64_t>();
  event.lo = in.get<std::uint64_t>();
  event.body = in.get<std::uint64_t>();
  event.request.hi = in.get<std::uint64_t>();
  event.request.lo = in.get<std::uint64_t>();
  return in.done();
}

std::size_t encode(char* out, const SettleEvent& event) {
  return PackedWriter(out).put_key(event.key).put(event.actual.v).put(event.source).size();
}

bool decode(std::string_view payload, SettleEvent& event) {
  PackedReader in(payload);
  event.key = in.get_key();
  event.actual.v = in.get<std::int64_t>();
  event.source = in.get<UsageSource>();
  return in.done() && event.actual.v >= 0 && event.source <= UsageSource::recovered;
}

std::size_t encode(char* out, const EndEvent& event) {
  return PackedWriter(out).put_key(event.key).size();
}

bool decode(std::string_view payload, EndEvent& event) {
  PackedReader in(payload);
  event.key = in.get_key();
  return in.done();
}

std::size_t encode(char* out, const ExtendEvent& event) {
  return PackedWriter(out).put_key(event.key).put(event.more.v).size();
}

bool decode(std::string_view payload, ExtendEvent& event) {
  PackedReader in(payload);
  event.key = in.get_key();
  event.more.v = in.get<std::int64_t>();
  return in.done() && event.more.v >= 0;
}

std::size_t encode(char* out, const FiredEvent& event) {
  return PackedWriter(out).put(event.account).put(event.window_start.ns).put(event.percent).size();
}

bool decode(std::string_view payload, FiredEvent& event) {
  PackedReader in(payload);
  event.account = in.get<std::uint32_t>();
  event.window_start.ns = in.get<std::int64_t>();
  event.percent = in.get<std::int32_t>();
  return in.done();
}

std::size_t encode(char* out, const SyncedEvent& event) {
  return PackedWriter(out).put(event.seq).size();
}

bool decode(std::string_view payload, SyncedEvent& event) {
  PackedReader in(payload);
  event.seq = in.get<std::uint64_t>();
  return in.done();
}

}  // namespace steelyard::router
