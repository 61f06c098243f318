// Reads the TZif format of RFC 8536, section 3: a version 1 block (skipped), the same in 64 bits,
// and a footer line. The bytes come from a file of the operating system, and are checked like any
// input.
#include "router/ledger/zone.h"

namespace steelyard::router {

namespace {

constexpr std::size_t kHeaderBytes = 44;
constexpr std::uint32_t kTransitionsMax = 8192, kTypesMax = 256, kNameBytesMax = 4096;

struct Counts {  // in the order of the header
  std::uint32_t ut, standard, leap, time, type, name;
};

auto bad(const char* what) {
  return fail(ErrorKind::bad_request, ErrorSource::gateway, Retry::never,
              std::string("time zone data: ") + what);
}

std::uint32_t read_u32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

std::int64_t read_i64(std::string_view bytes, std::size_t at) {
  const std::uint64_t high = read_u32(bytes, at);
  return static_cast<std::int64_t>(high << 32 | read_u32(bytes, at + 4));
}

Result<Counts> read_header(std::string_view bytes, std::size_t at) {
  if (bytes.size() < at + kHeaderBytes || bytes.substr(at, 4) != "TZif")
    return bad("no TZif header");
  const char version = bytes[at + 4];
  if (version < '2' || version > '9') return bad("version 1 has no 64-bit times");
  const Counts counts{read_u32(bytes, at + 20), read_u32(bytes, at + 24), read_u32(bytes, at + 28),
                      read_u32(bytes, at + 32), read_u32(bytes, at + 36), read_u32(bytes, at + 40)};
  if (counts.time > kTransitionsMax || counts.type > kTypesMax || counts.name > kNameBytesMax ||
      counts.leap > kNameBytesMax || counts.ut > kTypesMax || counts.standard > kTypesMax)
    return bad("counts out of range");
  return counts;
}

std::size_t block_bytes(const Counts& c, std::size_t time_bytes) {
  return c.time * (time_bytes + 1) + c.type * 6 + c.name + c.leap * (time_bytes + 4) + c.standard +
         c.ut;
}

// Offsets of the local time types, seconds east.
Result<std::vector<std::int32_t>> read_types(std::string_view bytes, std::size_t at,
                                             const Counts& counts) {
  std::vector<std::int32_t> offsets;
  for (std::uint32_t i = 0; i < counts.type; ++i) {
    const std::int32_t offset = static_cast<std::int32_t>(read_u32(bytes, at + i * 6));
    if (offset <= -25 * 3600 || offset >= 26 * 3600) return bad("offset out of range");
    offsets.push_back(offset);
  }
  return offsets;
}

}  // namespace

Result<Zone> Zone::parse(std::string_view tzif) {
  const Result<Counts> first = read_header(tzif, 0);
  if (!first) return fail(first.error());
  const std::size_t second_at = kHeaderBytes + block_bytes(*first, 4);
  const Result<Counts> counts = read_header(tzif, second_at);
  if (!counts) return fail(counts.error());
  if (counts->type == 0) return bad("no local time type");
  if (counts->leap != 0) return bad("leap-second zones are not supported");

  const std::size_t times_at = second_at + kHeaderBytes;
  const std::size_t footer_at = times_at + block_bytes(*counts, 8);
  if (tzif.size() < footer_at + 2) return bad("cut short");
  const std::size_t indexes_at = times_at + counts->time * std::size_t{8};
  const Result<std::vector<std::int32_t>> types =
      read_types(tzif, indexes_at + counts->time, *counts);
  if (!types) return fail(types.error());

  Zone zone;
  zone.offsets_.push_back((*types)[0]);
  for (std::uint32_t i = 0; i < counts->time; ++i) {
    const std::int64_t time = read_i64(tzif, times_at + i * std::size_t{8});
    if (!zone.transitions_.empty() && time <= zone.transitions_.back())
      return bad("transitions out of order");
    const std::size_t type = static_cast<std::uint8_t>(tzif[indexes_at + i]);
    if (type >= types->size()) return bad("unknown local time type");
    zone.transitions_.push_back(time);
    zone.offsets_.push_back((*types)[type]);
  }

  const std::size_t end = tzif.find('\n', footer_at + 1);
  if (tzif[footer_at] != '\n' || end == std::string_view::npos) return bad("no footer");
  const std::string_view footer = tzif.substr(footer_at + 1, end - footer_at - 1);
  if (footer.empty()) return zone;
  const Result<PosixRule> rule = PosixRule::parse(footer);
  if (!rule) return fail(rule.error());
  zone.rule_ = *rule;
  return zone;
}

}  // namespace steelyard::router
