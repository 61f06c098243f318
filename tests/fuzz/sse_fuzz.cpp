// Arbitrary bytes as a provider's stream. The first three bytes choose options and two cuts; the
// rest is the stream. Any cut must give the same events, facts and passed bytes; without the drop
// option every byte passes; with it, the bytes passed are the stream with whole pieces taken out.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/dialect/openai_stream.h"
#include "gateway/dialect/sse.h"

namespace {

using namespace steelyard::dialect;

void require(bool ok) {
  if (!ok) std::abort();
}

struct Run {
  std::string passed;
  std::vector<std::string> facts;
  bool operator==(const Run&) const = default;
};

Run run_tap(const std::vector<std::string_view>& pieces, openai::TapOptions options,
            ShapeMemory* shapes) {
  openai::StreamTap tap(options, shapes);
  openai::TapOutput out;
  Run run;
  const auto collect = [&] {
    for (const std::string_view part : out.parts()) run.passed += part;
  };
  for (const std::string_view piece : pieces) {
    tap.feed(piece, out);
    collect();
  }
  const bool ok = tap.finish(out).has_value();
  collect();
  const openai::StreamFacts& f = tap.facts();
  require(f.output_bytes >= 0);
  require(ok || !f.done_seen || f.fault);
  run.facts = {std::to_string(ok),
               std::to_string(static_cast<int>(tap.phase())),
               std::to_string(f.events),
               std::to_string(f.output_bytes),
               std::to_string(f.dropped),
               std::to_string(f.usage.prompt),
               std::to_string(f.unparsed),
               std::to_string(f.tool_calls),
               f.tool_names,
               f.model,
               f.fault.message,
               name_of(f.finish)};
  return run;
}

std::string decode(const std::vector<std::string_view>& pieces) {
  SseDecoder decoder;
  SseEvent event;
  std::string out;
  for (std::string_view piece : pieces) {
    while (decoder.next(piece, event) == SseDecoder::Status::event) {
      out.append(event.type).append(1, '\0').append(event.last_id).append(1, '\0');
      out.append(event.data).append(2, '\0');
    }
  }
  return out;
}

// What was taken out of `whole` to get `passed` must be made of contiguous pieces: `passed` is a
// subsequence.
bool is_subsequence(std::string_view passed, std::string_view whole) {
  std::size_t at = 0;
  for (const char c : whole) at += at < passed.size() && passed[at] == c ? 1 : 0;
  return at == passed.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 3, size - 3);
  const std::size_t first = stream.size() * data[1] / 256;
  const std::size_t second = first + (stream.size() - first) * data[2] / 256;
  const std::vector<std::string_view> whole{stream};
  const std::vector<std::string_view> cut{
      stream.substr(0, first), stream.substr(first, second - first), stream.substr(second)};
  require(decode(whole) == decode(cut));

  openai::TapOptions options;
  options.ends_without_done = (data[0] & 2) != 0;
  ShapeMemory shapes;
  const Run plain = run_tap(whole, options, nullptr);
  require(plain.passed == stream);
  require(plain == run_tap(cut, options, nullptr));
  require(plain == run_tap(whole, options, &shapes));
  require(plain == run_tap(cut, options, &shapes));
  require(plain == run_tap(whole, options, &shapes));

  options.drop_usage_chunk = true;
  const Run dropping = run_tap(whole, options, &shapes);
  require(is_subsequence(dropping.passed, stream));
  // A read can carry only so many drops (TapOutput::parts_max); a cut makes room for more.
  if (stream.size() < 256) require(dropping == run_tap(cut, options, &shapes));
  return 0;
}
