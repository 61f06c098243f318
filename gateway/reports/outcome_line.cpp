#include "gateway/reports/outcome_line.h"

#include <simdjson.h>

#include <array>

#include "config/types/json_writer.h"

namespace steelyard::reports {
namespace {

constexpr std::array<const char*, 3> result_names{"success", "failure", "cancelled"};

}  // namespace

const char* name_of(TaskResult result) {
  return result_names[static_cast<std::size_t>(result)];
}

bool parse_task_result(std::string_view text, TaskResult& out) {
  for (std::size_t i = 0; i < result_names.size(); ++i) {
    if (text != result_names[i]) continue;
    out = static_cast<TaskResult>(i);
    return true;
  }
  return false;
}

std::string outcome_line(const Outcome& outcome) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("organisation", outcome.organisation).field("team", outcome.team);
  json.field("key", outcome.key).field("task", outcome.task);
  json.field("result", name_of(outcome.result)).field("value_nano_usd", outcome.value.v);
  if (!outcome.note.empty()) json.field("note", outcome.note);
  json.field("closed_ns", outcome.closed.ns).end_object();
  return out;
}

bool parse_outcome_line(std::string_view line, Outcome& out) {
  simdjson::dom::parser parser;
  simdjson::dom::object from;
  if (parser.parse(line.data(), line.size(), true).get(from) != simdjson::SUCCESS) return false;
  const auto take = [&](const char* name, std::string& to) {
    std::string_view text;
    if (from[name].get(text) != simdjson::SUCCESS) return false;
    to = text;
    return true;
  };
  std::string result;
  out.note.clear();
  (void)take("note", out.note);
  return take("organisation", out.organisation) && take("team", out.team) && take("key", out.key) &&
         take("task", out.task) && take("result", result) &&
         parse_task_result(result, out.result) &&
         from["value_nano_usd"].get(out.value.v) == simdjson::SUCCESS &&
         from["closed_ns"].get(out.closed.ns) == simdjson::SUCCESS;
}

}  // namespace steelyard::reports
