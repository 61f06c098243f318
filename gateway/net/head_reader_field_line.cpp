#include "gateway/net/head_reader_field_line.h"

namespace steelyard::net {

const char* name_fault(const char* begin, const char* at, const char* end) {
  if (at == begin) {
    if (bytes::is_blank(*begin)) return "folded field line";
    return *begin == ':' ? "empty field name" : "field name is not a token";
  }
  if (at == end) return "field without a colon";
  return bytes::is_blank(*at) ? "white space in or after a field name"
                              : "field name is not a token";
}

}  // namespace steelyard::net
