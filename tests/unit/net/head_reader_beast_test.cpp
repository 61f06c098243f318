// A second opinion: whatever the strict reader accepts, Boost.Beast must read in the same way.
// (Beast accepts much more: the other direction is not claimed.)
#include <doctest/doctest.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <random>

#include "gateway/net/head_reader.h"
#include "tests/unit/net/badinput_rows.h"

using namespace steelyard;
using namespace steelyard::net;
namespace http = boost::beast::http;

namespace {

struct Field {
  std::string name, value;
  bool operator==(const Field&) const = default;
};

// "" if Beast agrees with `head` on method, target, version, fields and framing.
std::string disagreement(std::string_view text, const RequestHead& head) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(1u << 16);
  parser.skip(true);
  boost::system::error_code error;
  text = text.substr(text.rfind("\r\n", 0) == 0 ? 2 : 0);  // Beast does not skip an empty line
  parser.put(boost::asio::buffer(text.data(), text.size()), error);
  if (error || !parser.is_header_done()) return "Beast refuses: " + error.message();
  const auto& other = parser.get();
  if (other.method_string() != name_of(head.method)) return "method";
  if (other.target() != head.target()) return "target";
  if (other.version() != 10u + head.version_minor) return "version";
  if (parser.chunked() != head.chunked) return "chunked";
  const auto length = parser.content_length();
  if (length.has_value() != head.content_length.has_value()) return "has a length";
  if (length && *length != *head.content_length) return "length";
  if (parser.keep_alive() != head.keep_alive) return "keep-alive";
  std::vector<Field> theirs, ours;
  for (const auto& field : other) {
    theirs.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    ours.push_back({std::string(head.fields[i].name), std::string(head.fields[i].value)});
  }
  // Ours may lack what Connection names; the rest is the same, name by name (Beast keeps equal
  // names together).
  for (const Field& field : ours) {
    const auto at = std::find(theirs.begin(), theirs.end(), field);
    if (at == theirs.end()) return "field " + field.name;
    theirs.erase(at);
  }
  const bool dropped = head.fields.has(RequestField::connection);
  return theirs.empty() || dropped ? "" : "field only Beast sees: " + theirs[0].name;
}

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> all{
      "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer k\r\nContent-Type: "
      "application/json\r\nContent-Length: 12\r\nUser-Agent: x/1 (y; z)\r\n\r\n",
      "GET /v1/models?limit=5 HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: keep-alive\r\nAccept: "
      "*/*\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
      "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
      "DELETE /x HTTP/1.1\r\nHost: a.b:1\r\nContent-Length: 0\r\nConnection: close, x-y\r\nX-Y: "
      "1\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nhost: a\r\nX-Tab:\t v \t\r\nempty:\r\n\r\n",
  };
  return all;
}

// Changes that keep many heads valid, and some that do not.
std::string mutate(std::string text, std::mt19937& random) {
  static const char* const pieces[] = {"\r\n",
                                       ":",
                                       " ",
                                       "\t",
                                       ",",
                                       "chunked",
                                       "Content-Length: 5\r\n",
                                       "X-A: b\r\n",
                                       "close",
                                       "HTTP/1.0",
                                       "GET ",
                                       "keep-alive",
                                       "0",
                                       "5",
                                       "\n",
                                       "\r",
                                       "Host: b\r\n",
                                       "a",
                                       "Z",
                                       "-",
                                       "_",
                                       "\x80",
                                       ";",
                                       "\"",
                                       "Transfer-Encoding: chunked\r\n",
                                       "Connection: x\r\n"};
  for (unsigned i = random() % 4 + 1; i > 0; --i) {
    const std::size_t at = random() % text.size();
    switch (random() % 4) {
      case 0: text.erase(at, random() % 3 + 1); break;
      case 1: text.insert(at, pieces[random() % std::size(pieces)]); break;
      case 2: text[at] = static_cast<char>(random() % 256); break;
      default: {
        const std::size_t line = text.find("\r\n", at);
        if (line != std::string::npos) text.insert(line + 2, pieces[random() % std::size(pieces)]);
      }
    }
    if (text.empty()) text = "G";
  }
  return text;
}

// True if accepted.
bool check_one(const std::string& text) {
  HeadLines lines;
  lines.reset();
  RequestHead head;
  if (read_head(text, lines, head) != HeadStatus::complete) return false;
  const std::string why = disagreement(std::string_view(text).substr(0, head.head_bytes), head);
  CHECK_MESSAGE(why == "", why << " in " << text);
  return true;
}

}  // namespace

TEST_CASE("Boost.Beast reads every accepted head the same way") {
  std::mt19937 random(20261122);
  for (const std::string& seed : seeds()) CHECK(check_one(seed));
  std::string problem;
  for (const auto& row : test::read_bad_inputs(test::shared_path("data/badinput.tsv"), problem))
    check_one(row.bytes);
  int accepted = 0;
  constexpr int rounds = 60'000;
  for (int i = 0; i < rounds; ++i)
    accepted += check_one(mutate(seeds()[i % seeds().size()], random));
  MESSAGE(accepted << " of " << rounds << " mutated heads were accepted, and Beast agrees on each");
  CHECK(accepted > rounds / 20);
  CHECK(accepted < rounds);
}
