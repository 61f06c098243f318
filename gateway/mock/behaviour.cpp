// JSON to Behaviour and back.
#include "gateway/mock/behaviour.h"

#include <simdjson.h>

#include <cmath>

#include "config/types/json_writer.h"
#include "gateway/mock/behaviour_fields.h"

namespace steelyard::mock {
namespace {

using simdjson::dom::element;

constexpr std::int64_t kMicrosecondsMax = 86'400'000'000;  // a day

Result<void> wrong(std::string_view name, const std::string& expected) {
  return fail(ErrorKind::bad_request, ErrorSource::client, Retry::never,
              "mock behaviour `" + std::string(name) + "`: expected " + expected);
}

std::string joined(std::span<const char* const> names) {
  std::string all;
  for (const char* name : names) all.append(all.empty() ? "" : ", ").append(name);
  return all;
}

bool is_token(std::string_view name) {
  if (name.empty()) return false;
  for (char c : name) {
    const bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    if (!ok) return false;
  }
  return true;
}

// Sets one member from one JSON value; the overload set is the list of kinds.
struct Setter {
  Behaviour& target;
  std::string_view name;
  element value;

  Result<void> operator()(const IntegerField& field) const {
    std::int64_t number = 0;
    if (value.get(number) != simdjson::SUCCESS || number < field.least || number > field.most) {
      return wrong(name, "an integer from " + std::to_string(field.least) + " to " +
                             std::to_string(field.most));
    }
    if (field.member == &Behaviour::status && number != 0 && number < 400) {
      return wrong(name, "0 or 400 to 599");
    }
    target.*field.member = number;
    return {};
  }
  Result<void> operator()(const MillisecondsField& field) const {
    double ms = 0;
    if (value.get(ms) != simdjson::SUCCESS || !(ms >= 0) || ms * 1000 > kMicrosecondsMax) {
      return wrong(name, "milliseconds from 0 to a day");
    }
    target.*field.member = std::llround(ms * 1000);
    return {};
  }
  Result<void> operator()(const RateField& field) const {
    double rate = 0;
    if (value.get(rate) != simdjson::SUCCESS || (rate != -1 && !(rate >= 0 && rate <= 1))) {
      return wrong(name, "a number from 0 to 1, or -1");
    }
    target.*field.member = rate;
    return {};
  }
  Result<void> operator()(const FlagField& field) const {
    if (value.get(target.*field.member) != simdjson::SUCCESS) return wrong(name, "true or false");
    return {};
  }
  Result<void> operator()(const TextField& field) const {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return wrong(name, "a string");
    (target.*field.member).assign(text);
    return {};
  }
  Result<void> operator()(const HeadersField& field) const {
    simdjson::dom::object headers;
    if (value.get(headers) != simdjson::SUCCESS) return wrong(name, "an object of strings");
    std::string lines;
    for (auto header : headers) {
      std::string_view text;
      const bool ok = header.value.get(text) == simdjson::SUCCESS && is_token(header.key) &&
                      text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
      if (!ok) return wrong(name, "header names with one-line string values");
      lines.append(header.key).append(": ").append(text).append("\r\n");
    }
    target.*field.member = std::move(lines);
    return {};
  }
  Result<void> operator()(const ChoiceField& field) const {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) {
      for (std::size_t i = 0; i < field.names.size(); ++i) {
        if (text != field.names[i]) continue;
        field.set(target, static_cast<std::uint8_t>(i));
        return {};
      }
    }
    return wrong(name, "one of " + joined(field.names));
  }
};

struct Printer {
  JsonWriter& json;
  const Behaviour& source;

  void operator()(const IntegerField& field) const { json.number(source.*field.member); }
  void operator()(const MillisecondsField& field) const {
    json.number_double(static_cast<double>(source.*field.member) / 1000, 3);
  }
  void operator()(const RateField& field) const { json.number_double(source.*field.member, 6); }
  void operator()(const FlagField& field) const { json.boolean(source.*field.member); }
  void operator()(const TextField& field) const { json.string(source.*field.member); }
  void operator()(const HeadersField& field) const {
    json.begin_object();
    std::string_view lines = source.*field.member;
    while (!lines.empty()) {
      const std::size_t colon = lines.find(": ");
      const std::size_t end = lines.find("\r\n");
      json.field(lines.substr(0, colon), lines.substr(colon + 2, end - colon - 2));
      lines.remove_prefix(end + 2);
    }
    json.end_object();
  }
  void operator()(const ChoiceField& field) const { json.string(field.names[field.get(source)]); }
};

struct Takes {
  std::string operator()(const IntegerField&) const { return "integer"; }
  std::string operator()(const MillisecondsField&) const { return "ms"; }
  std::string operator()(const RateField&) const { return "0..1"; }
  std::string operator()(const FlagField&) const { return "bool"; }
  std::string operator()(const TextField&) const { return "text"; }
  std::string operator()(const HeadersField&) const { return "object"; }
  std::string operator()(const ChoiceField& field) const { return joined(field.names); }
};

}  // namespace

Result<void> apply_behaviour(Behaviour& behaviour, std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::object fields;
  if (parser.parse(json.data(), json.size()).get(fields) != simdjson::SUCCESS) {
    return fail(ErrorKind::bad_request, ErrorSource::client, Retry::never,
                "mock behaviour: expected a JSON object");
  }
  Behaviour changed = behaviour;
  for (auto entry : fields) {
    const Field* field = find_behaviour_field(entry.key);
    if (field == nullptr) return wrong(entry.key, "a known name, see `steelyard mock --list`");
    Result<void> set = std::visit(Setter{changed, entry.key, entry.value}, field->kind);
    if (!set) return set;
  }
  behaviour = std::move(changed);
  return {};
}

std::string behaviour_json(const Behaviour& behaviour) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  for (const Field& field : behaviour_fields()) {
    json.key(field.name);
    std::visit(Printer{json, behaviour}, field.kind);
  }
  json.end_object();
  return out;
}

std::vector<BehaviourDoc> behaviour_docs() {
  std::vector<BehaviourDoc> docs;
  for (const Field& field : behaviour_fields()) {
    docs.push_back({field.name, std::visit(Takes{}, field.kind), field.text});
  }
  return docs;
}

}  // namespace steelyard::mock
