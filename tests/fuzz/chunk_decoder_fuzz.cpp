// Chunked bodies: the same payload, verdict and rest however the bytes are cut, and what a strict
// decoder accepts from a client, a lenient one of a dozen lines reads in the same way.
#include "gateway/net/chunk_decoder.h"

#include <optional>
#include <string>

#include "tests/fuzz/cuts.h"

using namespace steelyard;
using namespace steelyard::net;

namespace {

struct Decoded {
  ChunkStatus status = ChunkStatus::need_more;
  std::string payload;
  std::size_t consumed = 0;
  bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view input, ChunkSource source, std::uint32_t step) {
  ChunkDecoder decoder(source, 1u << 20);
  Decoded out;
  std::vector<std::size_t> ends = fuzz::cuts_of(input, step);
  ends.push_back(input.size());
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    std::vector<char> piece = fuzz::exact(input.substr(begin, end - begin));
    const ChunkDecoder::InPlace done = decoder.feed(std::span<char>(piece));
    out.payload.append(piece.data(), done.produced);
    out.consumed += done.consumed;
    out.status = done.status;
    if (out.status != ChunkStatus::need_more) break;
    FUZZ_REQUIRE(done.consumed == end - begin);
    begin = end;
  }
  FUZZ_REQUIRE(out.payload.size() == decoder.decoded());
  FUZZ_REQUIRE((decoder.refusal().status != 0) == (out.status == ChunkStatus::refused));
  return out;
}

// Believes everything; nullopt if the body does not end.
std::optional<std::string> naive(std::string_view input) {
  std::string payload;
  for (;;) {
    const std::size_t line = input.find("\r\n");
    if (line == std::string_view::npos) return std::nullopt;
    const std::size_t size = std::stoull(std::string(input.substr(0, line)), nullptr, 16);
    input.remove_prefix(line + 2);
    if (size == 0) return payload;
    payload += input.substr(0, size);
    input.remove_prefix(size + 2);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const ChunkSource source : {ChunkSource::client, ChunkSource::provider}) {
    const Decoded whole = decode(input, source, 1u << 30);
    FUZZ_REQUIRE(decode(input, source, 1) == whole);
    FUZZ_REQUIRE(decode(input, source, 9) == whole);
    if (whole.status == ChunkStatus::done) FUZZ_REQUIRE(naive(input) == whole.payload);
  }
  return 0;
}
