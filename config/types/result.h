#pragma once
// A value or an Error. tl::expected until the compiler has std::expected.
#include <tl/expected.hpp>

#include "config/types/error.h"

namespace steelyard {

template <class T>
using Result = tl::expected<T, Error>;

inline auto fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}
inline auto fail(ErrorKind kind, ErrorSource source, Retry retry, std::string context) {
  return tl::unexpected<Error>(Error(kind, source, retry, std::move(context)));
}

}  // namespace steelyard
