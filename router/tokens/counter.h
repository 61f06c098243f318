#pragma once
// How many tokens a piece of text is. The hot path counts JSON string contents as they stand in the
// body (still escaped), so nothing is decoded into a copy.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace steelyard::router {

struct TextFeatures;  // calibration/text_features.h

enum class CountQuality : std::uint8_t { exact, calibrated, prior };
const char* name_of(CountQuality quality);  // "exact", "calibrated", "prior"

struct TokenCount {
  std::int64_t tokens = 0;
  std::int64_t upper = 0;  // admission uses this; equals `tokens` when exact
  CountQuality quality = CountQuality::exact;
};

// Immutable after construction apart from internal caches; one instance per worker thread.
// Text is ordinary text: "<|endoftext|>" in it is thirteen characters, not one special token, which
// is how providers treat user content. Bytes that are not UTF-8 count as U+FFFD, one for each
// maximal invalid part (Unicode 3.9, "best practice"; the same as Python's errors="replace").
class TokenCounter {
 public:
  virtual ~TokenCounter() = default;
  // Tokens of plain bytes. Total: any input, NUL and invalid UTF-8 included. Linear time.
  virtual std::int64_t count(std::string_view text) = 0;
  // Tokens of the text that `escaped` (the inside of a JSON string, quotes excluded) stands for. A
  // lone \uD800..\uDFFF counts as U+FFFD. Total: an escape JSON does not know stands for itself.
  virtual std::int64_t count_json(std::string_view escaped) = 0;
  // The same, and adds what the text is made of to `sums`; with a memo, both are remembered.
  virtual std::int64_t look_json(std::string_view escaped, TextFeatures& sums);
  // What count_json is remembered to have said; -1: nothing is remembered.
  virtual std::int64_t known_json(std::string_view escaped) {
    (void)escaped;
    return -1;
  }
  // For a text that is counted by parts before it is asked for: a part (cut where a piece ends),
  // without a memo; then the whole, with the sum of its parts, for a memo. `look`: it will be asked
  // for by look_json.
  virtual std::int64_t count_json_part(std::string_view escaped) { return count_json(escaped); }
  virtual void remember_json(std::string_view escaped, std::int64_t tokens, bool look) {
    (void)escaped, (void)tokens, (void)look;
  }
  // As count_json_part, but gives up, and returns -1, when more than `work` bytes have to be merged
  // into tokens: of text met for the first time nearly all, at 25 MB/s and more; of what was met,
  // none. Takes from `work` what was merged; it is negative when given up. Here: without a limit.
  virtual std::int64_t count_json_within(std::string_view escaped, std::int64_t& work) {
    (void)work;
    return count_json(escaped);
  }
  // As `count`, but stops soon after the count is above `limit`; what is returned then is some
  // number above it.
  virtual std::int64_t count_till(std::string_view text, std::int64_t limit) {
    (void)limit;
    return count(text);
  }
  virtual std::string_view encoding() const = 0;  // "o200k_base"
};

// A vocabulary is shared by all workers; each has its own counter on it.
class Vocabulary;

// The one linked into the binary for a tokenizer family as the catalogue names it ("o200k",
// "cl100k", "qwen3", "qwen3.5", "deepseek-v3", "tekken") or for an encoding ("o200k_base").
// Unpacked when first asked for, some 20 ms, and kept as long as somebody has it. Null: not
// shipped.
std::shared_ptr<const Vocabulary> shipped_vocabulary(std::string_view family);
inline std::shared_ptr<const Vocabulary> load_o200k() {
  return shipped_vocabulary("o200k");
}
// The name of the encoding that counts this family exactly; empty when none is shipped.
std::string_view encoding_of_family(std::string_view family);

// `seed` keys the hash of the cache for pieces of 16 bytes and more: give each process a random
// one, so that no client can prepare two pieces that share an entry.
std::unique_ptr<TokenCounter> make_counter(std::shared_ptr<const Vocabulary> vocabulary,
                                           std::uint64_t seed = 0);
inline std::unique_ptr<TokenCounter> make_o200k_counter(
    std::shared_ptr<const Vocabulary> vocabulary, std::uint64_t seed = 0) {
  return make_counter(std::move(vocabulary), seed);
}

}  // namespace steelyard::router
