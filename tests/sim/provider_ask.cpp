// What a provider checks and reads in a request of the gateway's.
#include <algorithm>

#include "tests/sim/provider.h"
#include "tests/sim/text.h"

namespace steelyard::sim {
namespace {

std::int64_t words(std::string_view text) {
  std::int64_t count = 0;
  bool inside = false;
  for (const char c : text) {
    count += c != ' ' && !inside;
    inside = c != ' ';
  }
  return count;
}

}  // namespace

bool read_ask(std::string& in, ProviderAsk& ask, std::string& wrong) {
  const std::size_t end = in.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const std::string head = in.substr(0, end + 2);
  const std::int64_t length = number_after(head, "\r\ncontent-length: ");
  if (length < 0) {
    wrong = "a request without a length";
    return true;
  }
  if (in.size() < end + 4 + static_cast<std::size_t>(length)) return false;
  const std::string body = in.substr(end + 4, static_cast<std::size_t>(length));
  in.erase(0, end + 4 + body.size());
  if (head.rfind("POST /v1/chat/completions HTTP/1.1\r\n", 0) != 0) wrong = "another path";
  if (head.find("\r\nauthorization: Bearer sk-provider-canary\r\n") == std::string::npos)
    wrong = "no key of its own";
  if (head.find("sk-client") != std::string::npos || body.find("sk-client") != std::string::npos)
    wrong = "a client's key";
  if (head.find("transfer-encoding") != std::string::npos) wrong = "two framings";
  ask.model = string_after(body, "\"model\":");
  const std::string content = string_after(body, "\"content\":");
  ask.mark = content.substr(0, content.find(' '));
  ask.stream = body.find("\"stream\":true") != std::string::npos;
  ask.include_usage = body.find("\"include_usage\":true") != std::string::npos;
  ask.input = words(content);  // never more than a tokenizer's count
  for (const char* name : {"\"max_tokens\":", "\"max_completion_tokens\":"})
    if (const std::int64_t n = number_after(body, name); n >= 0) {
      ask.output_max = std::min(ask.output_max, n);
      ask.bounded = true;
    }
  return true;
}

}  // namespace steelyard::sim
