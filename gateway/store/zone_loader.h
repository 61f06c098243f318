#pragma once
// Reads the time zones a configuration names from the system's zone files.
#include <span>
#include <string>

#include "config/types/result.h"
#include "router/ledger/zone.h"

namespace steelyard::store {

// A name that may be looked up below a zone directory: "Europe/Berlin", not "/etc/passwd" or
// "../x".
bool is_zone_name(std::string_view name);

// All zones of `names`; UTC needs no file. Fails on the first that is not there or not readable.
Result<router::ZoneTable> load_zones(std::span<const std::string> names,
                                     const std::string& directory = "/usr/share/zoneinfo");

}  // namespace steelyard::store
