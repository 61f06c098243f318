#include "router/tokens/unicode_class.h"

namespace steelyard::router {

namespace unicode_tables {
#include "router/tokens/unicode_classes.inc"
}  // namespace unicode_tables

namespace {

bool continues(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}
Decoded valid(std::uint16_t size, std::uint32_t code) {
  return {code, size, true};
}
Decoded invalid(std::uint16_t size) {
  return {0xFFFD, size, false};
}

// Lead bytes E0..EF. The second byte's range keeps out overlong forms and surrogates.
Decoded decode_three(const unsigned char* at, std::size_t left) {
  if (left < 2) return invalid(1);
  const unsigned char lowest = at[0] == 0xE0 ? 0xA0 : 0x80;
  const unsigned char highest = at[0] == 0xED ? 0x9F : 0xBF;
  if (at[1] < lowest || at[1] > highest) return invalid(1);
  if (left < 3 || !continues(at[2])) return invalid(2);
  return valid(3, (at[0] & 0x0Fu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu));
}

// Lead bytes F0..F4. The second byte's range keeps out overlong forms and codes above 10FFFF.
Decoded decode_four(const unsigned char* at, std::size_t left) {
  if (left < 2) return invalid(1);
  const unsigned char lowest = at[0] == 0xF0 ? 0x90 : 0x80;
  const unsigned char highest = at[0] == 0xF4 ? 0x8F : 0xBF;
  if (at[1] < lowest || at[1] > highest) return invalid(1);
  if (left < 3 || !continues(at[2])) return invalid(2);
  if (left < 4 || !continues(at[3])) return invalid(3);
  return valid(
      4, (at[0] & 0x07u) << 18 | (at[1] & 0x3Fu) << 12 | (at[2] & 0x3Fu) << 6 | (at[3] & 0x3Fu));
}

}  // namespace

Decoded decode_long(const unsigned char* data, std::size_t at, std::size_t size) {
  const unsigned char lead = data[at];
  if ((lead & 0xF0) == 0xE0) return decode_three(data + at, size - at);
  if (lead >= 0xF0 && lead <= 0xF4) return decode_four(data + at, size - at);
  return invalid(1);
}

}  // namespace steelyard::router
