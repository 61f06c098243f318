#include "gateway/admin/report_page.h"

#include <filesystem>

#include "gateway/admin/admin_pages.h"
#include "gateway/admin/budget_pages.h"
#include "gateway/report_request.h"
#include "gateway/reports/read_store.h"

namespace steelyard {
namespace {

std::vector<std::string> words(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const std::string_view word = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), word.size() + 1));
    if (!word.empty()) out.emplace_back(word);
  }
  return out;
}

ReportRequest request_of(std::string_view target) {
  ReportRequest request;
  request.by = words(query_value(target, "by"));
  request.where = words(query_value(target, "where"));
  request.from = query_value(target, "from");
  request.to = query_value(target, "to");
  if (std::string zone = query_value(target, "time_zone"); !zone.empty())
    request.zone = std::move(zone);
  request.format = query_value(target, "format");
  if (request.format.empty()) request.format = "json";
  return request;
}

AdminReply run(const ReportRequest& request, const GatewaySpec& spec, Instant now) {
  const std::string& directory = spec.ledger.directory;
  std::vector<std::string> decisions;
  const std::string& log = spec.log.decisions;
  if (!log.empty() && log != "-" && std::filesystem::exists(log)) decisions.push_back(log);
  Result<reports::ReadStore> store =
      reports::ReadStore::open(directory + "/reports.sqlite", reports::ReadStore::Mode::write);
  if (!store) return problem(503, store.error().context);
  const auto fresh = store->refresh(decisions, directory);
  if (!fresh) return problem(503, fresh.error().context);
  Result<std::string> report = make_report(*store, request, spec.models, now);
  if (!report)
    return problem(report.error().kind == ErrorKind::bad_request ? 422 : 503,
                   report.error().context);
  AdminReply reply;
  reply.content_type = report_content_type(request.format);
  reply.body = std::move(*report);
  return reply;
}

}  // namespace

AdminReply report_page(const Server::State& state, std::string_view target) {
  if (state.runtime->spec.ledger.directory.empty())
    return problem(404, "the ledger is kept in memory only: there are no reports");
  AdminReply reply;
  reply.later = [request = request_of(target), runtime = state.runtime, now = state.clock.now()] {
    return run(request, runtime->spec, now);
  };
  return reply;
}

}  // namespace steelyard
