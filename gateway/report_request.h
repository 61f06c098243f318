#pragma once
// A report as somebody asks for it, on the command line or over the admin listener: words in, the
// printed report out.
#include <string>
#include <vector>

#include "config/types/instant.h"
#include "config/types/result.h"

namespace steelyard {

struct ModelSpec;
namespace reports {
class ReadStore;
}

struct ReportRequest {
  std::vector<std::string> by;     // dimensions
  std::vector<std::string> where;  // "team=search"
  // "2026-11-22" (the first moment of that day in the zone), "2026-11-22T10:00:00Z", "today" and
  // "yesterday" (their first moments); "": no bound. `to` is not part of it.
  std::string from, to;
  std::string zone = "UTC";
  std::string format = "table";  // one of report_formats()
};

std::vector<std::string> report_formats();  // table, csv, json, focus
const char* report_content_type(const std::string& format);

// Fails with a bad_request that names the word which is wrong, or with what the store said.
// `models`: of today's configuration, whose prices tell the classes of tokens apart (`focus`).
Result<std::string> make_report(reports::ReadStore& store, const ReportRequest& request,
                                const std::vector<ModelSpec>& models, Instant now);

}  // namespace steelyard
