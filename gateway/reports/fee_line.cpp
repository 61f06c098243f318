#include "gateway/reports/fee_line.h"

#include <simdjson.h>

#include "config/types/json_writer.h"

namespace steelyard::reports {

std::string fee_line(const Fee& fee) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("organisation", fee.organisation).field("team", fee.team);
  json.field("kind", fee.kind).field("what", fee.what).field("count", fee.count);
  json.field("nano_usd", fee.amount.v).field("at_ns", fee.at.ns).end_object();
  return out;
}

bool parse_fee_line(std::string_view line, Fee& out) {
  simdjson::dom::parser parser;
  simdjson::dom::object from;
  if (parser.parse(line.data(), line.size(), true).get(from) != simdjson::SUCCESS) return false;
  const auto take = [&](const char* name, std::string& to) {
    std::string_view text;
    if (from[name].get(text) != simdjson::SUCCESS) return false;
    to = text;
    return true;
  };
  return take("organisation", out.organisation) && take("team", out.team) &&
         take("kind", out.kind) && take("what", out.what) &&
         from["count"].get(out.count) == simdjson::SUCCESS &&
         from["nano_usd"].get(out.amount.v) == simdjson::SUCCESS &&
         from["at_ns"].get(out.at.ns) == simdjson::SUCCESS;
}

}  // namespace steelyard::reports
