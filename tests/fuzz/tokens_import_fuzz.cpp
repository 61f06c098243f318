// Arbitrary bytes as a packed vocabulary: refused with a reason, or counted with. The checksum is
// put right first, so that what stands behind it is reached.
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "router/tokens/counter.h"
#include "router/tokens/packed_vocabulary.h"
#include "router/tokens/vocabulary.h"

using namespace steelyard::router;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first bytes change a small vocabulary; or they are a file themselves.
  if (size < 8) return 0;
  if (data[0] == 'S') {
    std::vector<unsigned char> file(data, data + size);
    if (size > 64) {
      const auto sum =
          static_cast<std::uint32_t>(crc32(0, file.data() + 64, static_cast<unsigned>(size - 64)));
      for (int i = 0; i < 4; ++i)
        file[28 + static_cast<std::size_t>(i)] = static_cast<unsigned char>(sum >> 8 * i);
    }
    (void)Vocabulary::unpack(file);
    return 0;
  }
  PackedVocabulary packed;
  packed.pattern = static_cast<PatternId>(data[1] % patterns);
  packed.normalises = (data[2] & 1) != 0;
  // Of a SentencePiece vocabulary these are the characters up to U+00FF.
  if ((data[2] & 2) != 0) packed.whole = {"\n\n", "<b>"};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    packed.left.push_back(byte);
    packed.right.push_back(PackedVocabulary::single_byte);
  }
  std::size_t at = 3;
  for (; at + 4 <= size && packed.left.size() < 1000; at += 4) {
    packed.left.push_back((data[at] | data[at + 1] << 8) % 1024U);
    packed.right.push_back((data[at + 2] | data[at + 3] << 8) % 1024U);
  }
  const auto unpacked = Vocabulary::unpack(write_packed(packed));
  if (!unpacked) return 0;
  const auto counter = make_counter(*unpacked, 1);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (counter->count(text) > static_cast<std::int64_t>(3 * size)) std::abort();
  (void)counter->count_json(text);
  return 0;
}
