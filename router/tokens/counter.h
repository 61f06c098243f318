#pragma once
// How many tokens a piece of text is. The hot path counts JSON string contents as they stand in the
// body (still escaped), so nothing is decoded into a copy.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace steelyard::router {

enum class CountQuality : std::uint8_t { exact, calibrated, prior };
const char* name_of(CountQuality quality);  // "exact", "calibrated", "prior"

struct TokenCount {
  std::int64_t tokens = 0;
  std::int64_t upper = 0;  // admission uses this; equals `tokens` when exact
  CountQuality quality = CountQuality::exact;
};

// Immutable after construction apart from internal caches; one instance per worker thread.
class TokenCounter {
 public:
  virtual ~TokenCounter() = default;
  // Tokens of plain bytes. Total: any input, NUL and invalid UTF-8 included. Linear time.
  virtual std::int64_t count(std::string_view text) = 0;
  // Tokens of the text that `escaped` (the inside of a JSON string, quotes excluded) stands for.
  virtual std::int64_t count_json(std::string_view escaped) = 0;
  virtual std::string_view encoding() const = 0;  // "o200k_base"
};

// The o200k_base counter, vocabulary linked into the binary. `Vocabulary` is shared by all workers.
class Vocabulary;
std::shared_ptr<const Vocabulary> load_o200k();
std::unique_ptr<TokenCounter> make_o200k_counter(std::shared_ptr<const Vocabulary> vocabulary);

}  // namespace steelyard::router
