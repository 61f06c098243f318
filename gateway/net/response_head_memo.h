#pragma once
// A provider's answers begin alike: the same fields in the same order, most values of the same
// length. A head that differs from the one before in nothing but bytes of such values need not be
// read again; everything in it stands where it stood. Anything else is read in full.
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/net/response_head.h"

namespace steelyard::net {

class ResponseHeadMemo {
 public:
  // True: `head` describes the head at the front of `buffer`, as read_response_head() would.
  bool match(std::string_view buffer, ResponseHead& head);
  // A head that read_response_head() accepted. `text` begins with it.
  void remember(std::string_view text, const ResponseHead& head);

 private:
  std::string text_;   // the head
  std::string fixed_;  // 0xff where a byte must be the same, 0 in values that may differ
  ResponseHead head_;
  std::uint32_t misses_ = 0;  // in a row: heads that never repeat are not kept each time
};

}  // namespace steelyard::net
