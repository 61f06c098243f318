// Arbitrary bytes as a tokenizer that was published: refused with a reason, or imported, packed and
// counted with.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/cli/tokens_import.h"
#include "router/tokens/counter.h"
#include "router/tokens/vocabulary.h"

using namespace steelyard;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 1 << 16) return 0;
  const std::string_view file(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::optional<router::PatternId> pattern;
  if (data[0] < static_cast<unsigned>(router::PatternId::sentencepiece))
    pattern = static_cast<router::PatternId>(data[0]);
  Result<router::PublishedVocabulary> published = cli::read_published(file, pattern);
  if (!published) {
    if (published.error().context.empty()) std::abort();
    return 0;
  }
  published->name = "fuzz";
  const Result<router::PackedVocabulary> packed = router::import_vocabulary(*published);
  if (!packed) return 0;
  const auto unpacked = router::Vocabulary::unpack(router::write_packed(*packed));
  if (!unpacked) std::abort();
  const auto counter = router::make_counter(*unpacked, 1);
  if (counter->count(file) > static_cast<std::int64_t>(3 * size)) std::abort();
  return 0;
}
