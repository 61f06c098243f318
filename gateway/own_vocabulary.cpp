#include "gateway/own_vocabulary.h"

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "router/tokens/vocabulary.h"

namespace steelyard {
namespace {

constexpr std::string_view file_mark = "file:";

Result<OwnVocabulary> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file)
    return fail(ErrorKind::not_found, ErrorSource::gateway, Retry::never, "cannot read the file");
  auto unpacked = router::Vocabulary::unpack(
      {reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
  if (!unpacked) return fail(std::move(unpacked.error()));
  return OwnVocabulary{*unpacked, true};
}

}  // namespace

Result<OwnVocabulary> vocabulary_of(std::string_view tokenizer) {
  if (tokenizer.starts_with(file_mark))
    return read_file(std::string(tokenizer.substr(file_mark.size())));
  if (auto shipped = router::shipped_vocabulary(tokenizer)) return OwnVocabulary{shipped, true};
  auto usual = router::load_o200k();
  if (usual == nullptr)
    return fail(ErrorKind::internal, ErrorSource::gateway, Retry::never,
                "the linked vocabulary is damaged");
  return OwnVocabulary{usual, false};
}

}  // namespace steelyard
