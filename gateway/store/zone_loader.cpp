#include "gateway/store/zone_loader.h"

#include <algorithm>
#include <filesystem>

#include "gateway/store/file_view.h"
#include "router/ledger/event.h"

namespace steelyard::store {

namespace {

constexpr std::size_t kZoneFileBytesMax = 256u << 10;  // the largest on record is under 4 KiB

bool zone_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '+' || c == '/';
}

auto unknown(const std::string& name, const std::string& why) {
  return fail(ErrorKind::bad_request, ErrorSource::gateway, Retry::never,
              "time zone `" + name + "`: " + why);
}

}  // namespace

bool is_zone_name(std::string_view name) {
  // No dot, hence no "..": no zone has one. The files beside the zones (tzdata.zi, zone.tab) have.
  return !name.empty() && name.size() <= router::zone_bytes_max && name.front() != '/' &&
         std::all_of(name.begin(), name.end(), zone_character);
}

Result<router::ZoneTable> load_zones(std::span<const std::string> names,
                                     const std::string& directory) {
  router::ZoneTable table;
  for (const std::string& name : names) {
    if (table.find(name) != nullptr) continue;
    if (!is_zone_name(name)) return unknown(name, "not the name of a zone");
    const std::string path = directory + "/" + name;
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error))
      return unknown(name, "there is no `" + path + "`; is the package tzdata installed?");
    const Result<FileView> file = FileView::open(path);
    if (!file) return fail(file.error());
    if (file->bytes().size() > kZoneFileBytesMax) return unknown(name, "the file is too large");
    Result<router::Zone> zone = router::Zone::parse(file->bytes());
    if (!zone) return unknown(name, zone.error().context);
    table.add(name, std::move(*zone));
  }
  return table;
}

}  // namespace steelyard::store
