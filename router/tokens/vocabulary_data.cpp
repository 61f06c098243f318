// The packed vocabularies, put into the binary as they are. The assembler looks the paths up in the
// include folders, of which the source tree's root is one.
#include "router/tokens/vocabulary_data.h"

#include <array>

#define STEELYARD_EMBED(name, file)                          \
  __asm__(                                                   \
      ".section .rodata\n"                                   \
      ".balign 16\n"                                         \
      ".global steelyard_" #name                             \
      "_begin\n"                                             \
      "steelyard_" #name                                     \
      "_begin:\n"                                            \
      ".incbin \"router/tokens/data/" file                   \
      "\"\n"                                                 \
      ".global steelyard_" #name                             \
      "_end\n"                                               \
      "steelyard_" #name                                     \
      "_end:\n"                                              \
      ".previous\n");                                        \
  extern "C" const unsigned char steelyard_##name##_begin[]; \
  extern "C" const unsigned char steelyard_##name##_end[]

STEELYARD_EMBED(o200k, "o200k_base.pairs.z");
STEELYARD_EMBED(cl100k, "cl100k_base.pairs.z");
STEELYARD_EMBED(qwen3, "qwen3.pairs.z");
STEELYARD_EMBED(qwen35, "qwen3_5.pairs.z");
STEELYARD_EMBED(deepseek, "deepseek_v3.pairs.z");
STEELYARD_EMBED(tekken, "tekken.pairs.z");

namespace steelyard::router {

std::span<const ShippedVocabulary> shipped_vocabularies() {
  static const std::array<ShippedVocabulary, 6> all{{
      {"o200k_base", {steelyard_o200k_begin, steelyard_o200k_end}},
      {"cl100k_base", {steelyard_cl100k_begin, steelyard_cl100k_end}},
      {"qwen3", {steelyard_qwen3_begin, steelyard_qwen3_end}},
      {"deepseek_v3", {steelyard_deepseek_begin, steelyard_deepseek_end}},
      {"qwen3_5", {steelyard_qwen35_begin, steelyard_qwen35_end}},
      {"tekken", {steelyard_tekken_begin, steelyard_tekken_end}},
  }};
  return all;
}

}  // namespace steelyard::router
