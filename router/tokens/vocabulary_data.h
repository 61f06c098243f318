#pragma once
// The packed vocabularies of data/, linked into the binary.
#include <span>
#include <string_view>

namespace steelyard::router {

struct ShippedVocabulary {
  std::string_view name;  // the file's; also what encoding() says
  std::span<const unsigned char> packed;
};
std::span<const ShippedVocabulary> shipped_vocabularies();

}  // namespace steelyard::router
