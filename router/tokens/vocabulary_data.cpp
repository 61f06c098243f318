// The packed vocabulary, put into the binary as it is. The assembler looks the path up in the
// include folders, of which the source tree's root is one.
#include "router/tokens/vocabulary_data.h"

__asm__(
    ".section .rodata\n"
    ".balign 16\n"
    ".global steelyard_o200k_begin\n"
    "steelyard_o200k_begin:\n"
    ".incbin \"router/tokens/data/o200k_base.pairs.z\"\n"
    ".global steelyard_o200k_end\n"
    "steelyard_o200k_end:\n"
    ".previous\n");

extern "C" const unsigned char steelyard_o200k_begin[];
extern "C" const unsigned char steelyard_o200k_end[];

namespace steelyard::router {

std::span<const unsigned char> o200k_data() {
  return {steelyard_o200k_begin, steelyard_o200k_end};
}

}  // namespace steelyard::router
