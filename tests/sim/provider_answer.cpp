// Answers, good and bad.
#include <algorithm>
#include <array>

#include "tests/sim/provider.h"

namespace steelyard::sim {
namespace {

struct Parts {
  Dice& dice;
  const Faults& faults;
  const ProviderAsk& ask;
  Arrival& arrival;
  bool short_pieces;
  AnswerScript script;

  std::string piece(std::int64_t n) const {  // one token: at least two bytes of text
    if (short_pieces && n != 0) return "~" + std::to_string(n % 10);
    return ask.mark + "." + std::to_string(arrival.number) + "." + std::to_string(n) + " ";
  }
  std::string usage() const {
    std::string out = "{\"prompt_tokens\":" + std::to_string(arrival.input) +
                      ",\"completion_tokens\":" + std::to_string(arrival.output_whole) +
                      ",\"total_tokens\":" + std::to_string(arrival.input + arrival.output_whole);
    if (arrival.cached != 0)
      out +=
          ",\"prompt_tokens_details\":{\"cached_tokens\":" + std::to_string(arrival.cached) + "}";
    return out + "}";
  }
};

std::string hex(std::size_t n) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  do out.insert(out.begin(), digits[n & 15]);
  while ((n >>= 4) != 0);
  return out;
}

std::string reply(int status, std::string_view type, std::string_view lines,
                  std::string_view body) {
  return "HTTP/1.1 " + std::to_string(status) + " Said\r\ncontent-type: " + std::string(type) +
         "\r\n" + std::string(lines) + "content-length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

// Head and framing of an answer with this body in steps.
enum class Framing : std::uint8_t { length, chunked, until_close };

void frame(Parts& p, Framing framing, std::string_view type, std::vector<AnswerStep> body) {
  std::size_t size = 0;
  for (const AnswerStep& step : body) size += step.bytes.size();
  std::string head = "HTTP/1.1 200 OK\r\nContent-Type: " + std::string(type) + "\r\n";
  if (framing == Framing::length) head += "Content-Length: " + std::to_string(size) + "\r\n";
  if (framing == Framing::chunked) head += "Transfer-Encoding: chunked\r\n";
  const bool says_close = p.dice.chance(p.faults.close_after);
  if (framing == Framing::until_close || says_close) {
    if (p.dice.chance(0.7)) head += "Connection: close\r\n";
    p.script.close_after = true;
  }
  head += "x-request-id: up-" + std::to_string(p.arrival.number) + "\r\n\r\n";
  if (p.dice.chance(p.faults.interim)) head = "HTTP/1.1 103 Early Hints\r\n\r\n" + head;
  p.script.steps.push_back({head, 0, p.dice.between(0, 60) * ms});
  for (AnswerStep& step : body) {
    if (framing == Framing::chunked) {
      std::string framed;
      for (std::string_view rest = step.bytes; !rest.empty();) {
        const bool whole = p.dice.chance(0.7);
        const auto most = static_cast<std::int64_t>(rest.size());
        const auto n = static_cast<std::size_t>(whole ? most : p.dice.between(1, most));
        framed += hex(n) + "\r\n" + std::string(rest.substr(0, n)) + "\r\n";
        rest.remove_prefix(n);
      }
      step.bytes = framed;
    }
    p.script.steps.push_back(std::move(step));
  }
  if (framing == Framing::chunked) p.script.steps.push_back({"0\r\n\r\n", 0, 0});
}

std::int64_t drip(Parts& p) {
  return p.dice.chance(p.faults.slow_drip) ? p.dice.between(50, 900) * ms
                                           : p.dice.between(0, 8) * ms;
}

void whole_answer(Parts& p) {
  std::string text;
  for (std::int64_t n = 0; n < p.arrival.output_whole; ++n) text += p.piece(n);
  const bool full = p.arrival.output_whole == p.ask.output_max;
  std::string body = "{\"id\":\"x\",\"object\":\"chat.completion\",\"model\":\"" + p.ask.model +
                     "\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
                     "\"" +
                     text + "\"},\"finish_reason\":\"" + (full ? "length" : "stop") + "\"}]";
  if (!p.dice.chance(p.faults.no_usage)) body += ",\"usage\":" + p.usage();
  body += "}";
  p.script.bill_at_end = p.arrival.output_whole;
  const Framing framing = p.dice.chance(p.faults.until_close) ? Framing::until_close
                          : p.dice.chance(0.3)                ? Framing::chunked
                                                              : Framing::length;
  frame(p, framing, "application/json", {{body, 0, p.dice.between(0, 200) * ms}});
}

void streamed_answer(Parts& p) {
  const bool usage = p.ask.include_usage && !p.dice.chance(p.faults.no_usage);
  const bool inside = usage && p.dice.chance(0.2);  // in the last chunk instead of its own
  const std::int64_t error_after =
      p.dice.chance(p.faults.error_event) ? p.dice.between(0, p.arrival.output_whole) : -1;
  const char* line_end = p.dice.chance(0.2) ? "\r\n\r\n" : "\n\n";
  const auto event = [line_end](const std::string& data) { return "data: " + data + line_end; };
  std::vector<AnswerStep> steps;
  if (p.dice.chance(0.3)) steps.push_back({": hello" + std::string(line_end), 0, drip(p)});
  steps.push_back({event("{\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"role\":"
                         "\"assistant\"},\"finish_reason\":null}]}"),
                   0, drip(p)});
  for (std::int64_t n = 0; n < p.arrival.output_whole && n != error_after; ++n)
    steps.push_back({event("{\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" +
                           p.piece(n) + "\"},\"finish_reason\":null}]}"),
                     1, drip(p)});
  if (error_after >= 0) {
    p.arrival.did = "error event";
    steps.push_back(
        {event("{\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\"}}"), 0, drip(p)});
    frame(p, Framing::chunked, "text/event-stream", std::move(steps));
    return;
  }
  const bool full = p.arrival.output_whole == p.ask.output_max;
  std::string last = "{\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" +
                     std::string(full ? "length" : "stop") + "\"}]";
  if (inside) last += ",\"usage\":" + p.usage();
  steps.push_back({event(last + "}"), 0, drip(p)});
  if (usage && !inside)
    steps.push_back(
        {event("{\"id\":\"x\",\"choices\":[],\"usage\":" + p.usage() + "}"), 0, drip(p)});
  if (p.dice.chance(p.faults.no_done))
    p.arrival.did = "no [DONE]";
  else
    steps.push_back({event("[DONE]"), 0, 0});
  const bool close = p.dice.chance(p.faults.until_close);
  frame(p, close ? Framing::until_close : Framing::chunked, "text/event-stream; charset=utf-8",
        std::move(steps));
}

void error_status(Parts& p, int status, const char* what) {
  p.arrival.did = what;
  static constexpr std::array hints{"", "retry-after: 1\r\n", "retry-after: 30\r\n",
                                    "retry-after-ms: 120\r\n", "retry-after: soon\r\n"};
  const std::string lines = status == 429 || status == 503 ? p.dice.pick(hints) : "";
  const bool html = p.dice.chance(0.2);
  const std::string body =
      html ? "<html>no</html>"
           : "{\"error\":{\"message\":\"told to fail\",\"type\":\"server_error\",\"code\":null}}";
  p.script.steps.push_back({reply(status, html ? "text/html" : "application/json", lines, body), 0,
                            p.dice.between(0, 80) * ms});
}

// [DONE] without the end of its line is said, for the client, and is not, for the gateway: left out
// (README, "What is assumed").
void cut_before_done(std::string& bytes) {
  std::size_t end = bytes.find_last_not_of("\r\n");
  end = end == std::string::npos ? 0 : end + 1;
  const std::string_view tail = std::string_view(bytes).substr(end);
  const bool whole = tail.ends_with("\n\n") || tail.ends_with("\r\n\r\n");
  if (!whole && std::string_view(bytes).substr(0, end).ends_with("[DONE]")) bytes.resize(end - 1);
}

// The answer ends at a random byte: the connection breaks, or nothing more comes.
void cut(Parts& p, const char* what, bool stall, bool hard) {
  std::size_t total = 0;
  for (const AnswerStep& step : p.script.steps) total += step.bytes.size();
  // Often near the end, where usage, [DONE] and the last chunk are.
  const auto last = static_cast<std::int64_t>(total) - 1;
  const std::int64_t first = p.dice.chance(0.4) ? std::max<std::int64_t>(last - 250, 0) : 0;
  auto keep = static_cast<std::size_t>(p.dice.between(first, last));
  std::vector<AnswerStep> kept;
  for (AnswerStep& step : p.script.steps) {
    if (keep == 0) break;
    const std::size_t n = std::min(keep, step.bytes.size());
    step.bytes.resize(n);
    keep -= n;
    kept.push_back(std::move(step));
  }
  if (!kept.empty()) cut_before_done(kept.back().bytes);
  p.script.steps = std::move(kept);
  p.script.stall = stall;
  p.script.close_after = !stall;
  p.script.hard = hard;
  p.arrival.did = what;
  p.arrival.race = p.arrival.reused && (hard || p.script.steps.empty());
}

// Errors that are answers. True: one was written.
bool refuses(Parts& p) {
  const Faults& f = p.faults;
  static constexpr std::array server{500, 502, 503, 529};
  static constexpr std::array client{400, 401, 403, 404};
  if (p.dice.chance(f.status_429)) return error_status(p, 429, "429"), true;
  if (p.dice.chance(f.status_5xx)) return error_status(p, p.dice.pick(server), "5xx"), true;
  if (p.dice.chance(f.status_4xx)) return error_status(p, p.dice.pick(client), "4xx"), true;
  if (p.dice.chance(f.status_timeout)) {  // it worked on it for long: billed
    error_status(p, 504, "504");
    p.script.billed = true;
    return true;
  }
  if (p.dice.chance(f.error_in_200)) {
    p.arrival.did = "error in a 200";
    p.script.steps.push_back(
        {reply(200, "application/json", "", "{\"error\":{\"message\":\"no\"}}"), 0,
         p.dice.between(0, 80) * ms});
    return true;
  }
  if (!p.dice.chance(f.garbage)) return false;
  static constexpr std::array nonsense{
      "\x01\x02\x03\r\n\r\n",
      "HTTP/1.1 2x0 OK\r\n\r\n",
      "HTTP/9.9 200 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 3\r\n\r\n[1,"};
  p.arrival.did = "garbage";
  p.script.steps.push_back({p.dice.pick(nonsense), 0, 0});
  p.script.close_after = true;
  return true;
}

}  // namespace

AnswerScript write_answer(const Scenario& scenario, Dice& dice, const ProviderAsk& ask,
                          Arrival& arrival) {
  const Faults& f = scenario.faults;
  Parts p{dice, f, ask, arrival, scenario.short_pieces, {}};
  arrival.input = ask.input;
  arrival.did = "answer";
  if (refuses(p)) return std::move(p.script);
  p.script.billed = true;
  // A connection that dies without a byte of an answer: on a kept-alive one it is taken for a race
  // with an idle close, where nothing was processed (README, "What is assumed").
  if (dice.chance(f.cut_before_head)) {
    arrival.did = "cut before the head";
    p.script.close_after = true;
    p.script.hard = dice.chance(0.5);
    p.script.billed = !arrival.reused;
    return std::move(p.script);
  }
  arrival.output_whole =
      dice.chance(f.empty_answer) ? 0 : dice.between(1, std::max<std::int64_t>(ask.output_max, 1));
  if (ask.output_max == 0) arrival.output_whole = 0;
  for (const ModelPlan& model : scenario.models)
    if (model.name == arrival.model && model.cache_read != 0 && dice.chance(0.4))
      arrival.cached = dice.between(0, arrival.input);
  if (ask.stream)
    streamed_answer(p);
  else
    whole_answer(p);
  if (dice.chance(f.cut)) {
    cut(p, "cut", false, false);
  } else if (dice.chance(f.cut_hard)) {
    cut(p, "cut hard", false, true);
  } else if (dice.chance(f.stall)) {
    cut(p, "stall", true, false);
  } else if (!p.script.close_after && dice.chance(f.left_over)) {
    p.script.steps.back().bytes += "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
  }
  return std::move(p.script);
}

}  // namespace steelyard::sim
