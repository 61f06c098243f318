// A whole connection: requests, bodies, pipelining, refusals. The conversation must not depend on
// the cuts, and after a refusal nothing more is said.
#include "gateway/net/request_reader.h"

#include "tests/fuzz/cuts.h"
#include "tests/unit/net/mini_server.h"

using namespace steelyard;
using namespace steelyard::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const test::MiniServerOptions options{1u << 16, true};
  const test::Conversation whole = test::serve(input, {}, options);
  FUZZ_REQUIRE(test::serve(input, fuzz::cuts_of(input, 1), options) == whole);
  FUZZ_REQUIRE(test::serve(input, fuzz::cuts_of(input, 40), options) == whole);
  for (std::size_t i = 0; i + 1 < whole.answers.size(); ++i) {
    FUZZ_REQUIRE(whole.answers[i].refusal.empty());
  }
  return 0;
}
