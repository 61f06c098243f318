#include "tests/unit/dialect/tap_run.h"

#include "tests/unit/dialect/support.h"

namespace steelyard::dialect::testing {
namespace {

template <class Pieces>
Run run_all(const Pieces& pieces, openai::TapOptions options) {
  static ShapeMemory shapes;  // of all runs: what one taught must not change the next
  openai::StreamTap tap(options, &shapes);
  openai::TapOutput out;
  Run result;
  for (const auto& piece : pieces) {
    if constexpr (sizeof piece == 1)
      tap.feed({&piece, 1}, out);
    else
      tap.feed(piece, out);
    result.passed += text_of(out);
  }
  const Result<void> end = tap.finish(out);
  result.passed += text_of(out);
  result.facts = to_json(tap.facts(), tap.phase());
  result.ok = end.has_value();
  if (!end) result.error = end.error().kind;
  return result;
}

}  // namespace

Run run(std::initializer_list<std::string_view> pieces, openai::TapOptions options) {
  return run_all(pieces, options);
}
Run run_bytewise(std::string_view bytes, openai::TapOptions options) {
  return run_all(bytes, options);
}

}  // namespace steelyard::dialect::testing
