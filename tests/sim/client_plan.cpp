// What a client is going to send.
#include <array>

#include "tests/sim/client.h"
#include "tests/sim/world.h"

namespace steelyard::sim {
namespace {

std::string in_chunks(Dice& dice, std::string_view body) {
  std::string out;
  char size[24];
  while (!body.empty()) {
    const auto n =
        static_cast<std::size_t>(dice.between(1, static_cast<std::int64_t>(body.size())));
    out.append(size, static_cast<std::size_t>(std::snprintf(size, sizeof size, "%zx\r\n", n)));
    out.append(body.substr(0, n)).append("\r\n");
    body.remove_prefix(n);
  }
  return out + "0\r\n\r\n";
}

constexpr std::array malformed{
    "GET\r\n\r\n",
    "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
    "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: "
    "chunked\r\n\r\n0\r\n\r\n",
    "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01",
    "GET / HTTP/1.1\r\nhost : a\r\n\r\n",
    "GET / HTTP/1.1\nhost: a\n\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
};

}  // namespace

void Client::plan() {
  const Faults& f = world_.scenario.faults;
  pipelined_ = dice_.chance(f.pipelined);
  slow_ = dice_.chance(f.slow_reader);
  stops_ = dice_.chance(f.stops_reading);
  http_1_0_ = dice_.chance(f.http_1_0);
  if (http_1_0_) reader_.speak_http_1_0();
  read_budget_ = stops_ ? dice_.between(0, 6'000) : INT64_MAX;
  const std::int64_t count = dice_.between(1, 5);
  for (std::int64_t i = 0; i < count; ++i) {
    planned_.push_back(plan_one(static_cast<std::size_t>(i)));
    if (planned_.back().half) break;
  }
}

Client::Planned Client::plan_one(std::size_t index) {
  const Faults& f = world_.scenario.faults;
  Planned p;
  p.ask.mark = "r" + std::to_string(number_) + "-" + std::to_string(index);
  p.ask.key = static_cast<std::size_t>(
      dice_.between(0, static_cast<std::int64_t>(world_.scenario.keys.size()) - 1));
  if (dice_.chance(f.malformed * 0.3)) {
    p.bytes = dice_.pick(malformed);
    p.half = garbage_ = true;
    return p;
  }
  if (dice_.chance(f.bad_key * 0.5)) {
    p.ask.ask = Ask::bad_key;
  } else if (dice_.chance(f.bad_path * 0.5)) {
    p.ask.ask = Ask::bad_path;
  } else if (dice_.chance(f.bad_json * 0.5)) {
    p.ask.ask = Ask::bad_json;
  } else if (dice_.chance(f.unknown_model * 0.5)) {
    p.ask.ask = Ask::bad_model;
  } else if (dice_.chance(0.05)) {
    p.ask.ask = Ask::models;
  } else if (world_.scenario.keys[p.ask.key].explain && dice_.chance(0.05)) {
    p.ask.ask = Ask::explain;
  }
  if (p.ask.ask == Ask::chat) {
    p.ask.stream = dice_.chance(0.5);
    p.ask.wants_usage = p.ask.stream && dice_.chance(0.4);
  }
  p.bytes = request_of(p.ask, body_of(p.ask));
  if (dice_.chance(f.half_sent * 0.2)) {
    p.bytes.resize(
        static_cast<std::size_t>(dice_.between(0, static_cast<std::int64_t>(p.bytes.size()) - 1)));
    p.half = true;
  }
  return p;
}

std::string Client::body_of(const Asked& ask) {
  if (ask.ask == Ask::models) return {};
  std::string text = ask.mark;
  static constexpr std::array words{"steel", "yard", "a", "balance", "hundredweight", "of", "wool"};
  for (std::int64_t i = 0, n = dice_.between(0, dice_.chance(0.1) ? 400 : 30); i < n; ++i)
    text.append(" ").append(dice_.pick(words));
  std::string model = "auto";
  if (dice_.chance(0.3)) model = dice_.pick(world_.scenario.models).name;
  if (dice_.chance(0.2)) model = "tier:economy";
  if (ask.ask == Ask::bad_model) model = "no-such-model";
  std::string out = "{\"model\":\"" + model + "\",\"messages\":[{\"role\":\"user\",\"content\":\"" +
                    text + "\"}]";
  if (dice_.chance(0.6)) {
    const bool newer = dice_.chance(0.4);
    out += newer ? ",\"max_completion_tokens\":" : ",\"max_tokens\":";
    out += std::to_string(dice_.between(1, dice_.chance(0.2) ? 400 : 80));
  }
  if (ask.stream) out += ",\"stream\":true";
  if (ask.wants_usage) out += ",\"stream_options\":{\"include_usage\":true}";
  if (ask.ask == Ask::bad_json) return out + (dice_.chance(0.5) ? "" : ",,}");
  return out + "}";
}

std::string Client::request_of(const Asked& ask, const std::string& body) {
  const Faults& f = world_.scenario.faults;
  const bool get = ask.ask == Ask::models;
  std::string path = get ? "/v1/models" : "/v1/chat/completions";
  if (ask.ask == Ask::bad_path) path = dice_.chance(0.5) ? "/v1/none" : "/v1/models";
  if (ask.ask == Ask::explain) path = "/route/explain";
  std::string out = (get ? "GET " : "POST ") + path + (http_1_0_ ? " HTTP/1.0" : " HTTP/1.1") +
                    "\r\nhost: sim\r\n";
  const std::string& key = world_.scenario.keys[ask.key].text;
  if (ask.ask != Ask::bad_key) {
    out += dice_.chance(0.8) ? "authorization: Bearer " + key : "x-api-key: " + key;
    out += "\r\n";
  } else if (dice_.chance(0.5)) {
    out += "authorization: Bearer sk-client-nobody\r\n";
  }
  out += "x-steelyard-task: " + ask.mark + "\r\n";
  if (dice_.chance(0.2)) out += "x-steelyard-session: s" + std::to_string(number_ % 3) + "\r\n";
  if (dice_.chance(f.deadline))
    out += "x-steelyard-deadline-ms: " + std::to_string(dice_.between(20, 2'000)) + "\r\n";
  if (http_1_0_ && dice_.chance(0.5)) out += "connection: keep-alive\r\n";
  if (get) return out + "\r\n";
  if (!http_1_0_ && dice_.chance(f.expect_continue)) out += "expect: 100-continue\r\n";
  if (!http_1_0_ && dice_.chance(f.chunked))
    return out + "transfer-encoding: chunked\r\n\r\n" + in_chunks(dice_, body);
  return out + "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace steelyard::sim
