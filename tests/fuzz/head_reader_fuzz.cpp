// Heads of requests and answers: no crash, no read past the end, the same verdict however the bytes
// are cut, and what is accepted keeps the promises the gateway builds on.
#include "gateway/net/head_reader.h"

#include "gateway/net/response_head.h"
#include "tests/fuzz/cuts.h"

using namespace steelyard;
using namespace steelyard::net;

namespace {

HeadStatus read(std::string_view text, HeadLines& lines, RequestHead& head) {
  return read_head(text, lines, head);
}
HeadStatus read(std::string_view text, HeadLines& lines, ResponseHead& head) {
  return read_response_head(text, lines, head);
}

template <class Head>
HeadStatus read_in_pieces(std::string_view input, std::uint32_t step, Head& head,
                          std::vector<char>& last) {
  HeadLines lines;
  lines.reset();
  std::vector<std::size_t> ends = fuzz::cuts_of(input, step);
  ends.push_back(input.size());
  HeadStatus status = HeadStatus::need_more;
  for (const std::size_t end : ends) {
    last = fuzz::exact(input.substr(0, end));
    status = read(std::string_view(last.data(), last.size()), lines, head);
    if (status != HeadStatus::need_more) break;
  }
  return status;
}

template <class Head>
void check_fields(const Head& head, bool obs_text) {
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const FieldView field = head.fields[i];
    FUZZ_REQUIRE(!field.name.empty());
    for (const char c : field.name) FUZZ_REQUIRE(c > ' ' && c < 0x7f && c != ':');
    for (const char c : field.value) {
      const auto byte = static_cast<unsigned char>(c);
      FUZZ_REQUIRE((byte >= 0x20 && byte < 0x7f) || c == '\t' || (obs_text && byte >= 0x80));
    }
  }
}

template <class Head>
void compare(std::string_view input, bool obs_text) {
  std::vector<char> whole_bytes, piece_bytes;
  Head whole, pieces;
  const HeadStatus status = read_in_pieces(input, 1u << 30, whole, whole_bytes);
  for (const std::uint32_t step : {1u, 20u}) {
    FUZZ_REQUIRE(read_in_pieces(input, step, pieces, piece_bytes) == status);
    if (status == HeadStatus::refused) {
      FUZZ_REQUIRE(whole.refusal.status == pieces.refusal.status &&
                   whole.refusal.text == pieces.refusal.text);
    }
    if (status != HeadStatus::complete) continue;
    FUZZ_REQUIRE(whole.head_bytes == pieces.head_bytes &&
                 whole.fields.size() == pieces.fields.size());
    for (std::size_t i = 0; i < whole.fields.size(); ++i) {
      FUZZ_REQUIRE(whole.fields[i].name == pieces.fields[i].name &&
                   whole.fields[i].value == pieces.fields[i].value);
    }
  }
  if (status == HeadStatus::complete) check_fields(whole, obs_text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  compare<ResponseHead>(input, true);
  compare<RequestHead>(input, false);
  std::vector<char> bytes;
  RequestHead head;
  if (read_in_pieces(input, 1u << 30, head, bytes) != HeadStatus::complete) return 0;
  FUZZ_REQUIRE(!head.target().empty() && (head.target()[0] == '/' || head.target() == "*"));
  FUZZ_REQUIRE(!(head.chunked && head.content_length));
  FUZZ_REQUIRE(head.version_minor == 0 || head.fields.has(RequestField::host));
  FUZZ_REQUIRE(!head.has_body() || head.method == Method::post || head.method == Method::put ||
               head.method == Method::patch);
  return 0;
}
