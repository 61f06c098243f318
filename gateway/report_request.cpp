#include "gateway/report_request.h"

#include <algorithm>
#include <map>

#include "config/spec/model_spec.h"
#include "gateway/instant_text.h"
#include "gateway/reports/focus.h"
#include "gateway/reports/report.h"
#include "gateway/store/zone_loader.h"

namespace steelyard {
namespace {

auto bad(std::string what) {
  return fail(ErrorKind::bad_request, ErrorSource::client, Retry::never, std::move(what));
}

bool moment(const std::string& text, const router::Zone& zone, Instant now, Instant& out) {
  if (text.empty()) return true;
  if (text == "today" || text == "yesterday") {
    out = zone.day_of(now).start;
    if (text == "yesterday") out = zone.day_of({out.ns - 1}).start;
    return true;
  }
  if (!parse_instant(text, out)) return false;
  if (text.size() == 10) out = Instant::from_seconds(zone.utc_from_local(out.seconds()));
  return true;
}

Result<reports::ReportQuery> query_of(const ReportRequest& request, Instant now) {
  reports::ReportQuery query;
  const std::string names[] = {request.zone};
  const Result<router::ZoneTable> zones = store::load_zones(names);
  if (!zones) return bad(zones.error().context);
  query.zone = *zones->find(request.zone);
  query.by = request.by;
  for (const std::string& condition : request.where) {
    const std::size_t equals = condition.find('=');
    if (equals == std::string::npos)
      return bad("`" + condition + "` is no condition: write `team=search`");
    query.where.emplace_back(condition.substr(0, equals), condition.substr(equals + 1));
  }
  for (const auto& [text, out] :
       {std::pair{&request.from, &query.from}, std::pair{&request.to, &query.to}})
    if (!moment(*text, query.zone, now, *out))
      return bad("`" + *text +
                 "` is no time: write 2026-11-22, 2026-11-22T10:00:00Z, `today` or "
                 "`yesterday`");
  return query;
}

// The sums are what was booked, whatever is configured today.
Result<std::string> focus(reports::ReadStore& store, const reports::ReportQuery& query,
                          const std::vector<ModelSpec>& models) {
  std::map<std::string, router::PriceTable> prices;
  for (const ModelSpec& model : models)
    prices.emplace(model.name, router::PriceTable(model.prices));
  const auto tariff_of = [&](const std::string& model, Instant at) {
    const auto found = prices.find(model);
    return found == prices.end() ? router::Tariff{} : found->second.tariff_at(at);
  };
  return focus_csv(store, query, tariff_of);
}

}  // namespace

std::vector<std::string> report_formats() {
  return {"table", "csv", "json", "focus"};
}

const char* report_content_type(const std::string& format) {
  if (format == "json") return "application/json";
  return format == "table" ? "text/plain; charset=utf-8" : "text/csv; charset=utf-8";
}

Result<std::string> make_report(reports::ReadStore& store, const ReportRequest& request,
                                const std::vector<ModelSpec>& models, Instant now) {
  const std::vector<std::string> formats = report_formats();
  if (std::find(formats.begin(), formats.end(), request.format) == formats.end())
    return bad("there is no format `" + request.format + "`: table, csv, json or focus");
  const Result<reports::ReportQuery> query = query_of(request, now);
  if (!query) return fail(query.error());
  if (request.format == "focus") return focus(store, *query, models);
  const Result<reports::Report> report = run_report(store, *query);
  if (!report) return fail(report.error());
  if (request.format == "csv") return report_csv(*report);
  return request.format == "json" ? report_json(*report) : report_table(*report);
}

}  // namespace steelyard
