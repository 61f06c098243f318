#include "config/types/error.h"

namespace steelyard {

const char* name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_request: return "bad_request";
    case ErrorKind::unauthorized: return "unauthorized";
    case ErrorKind::forbidden: return "forbidden";
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::not_kept: return "not_kept";
    case ErrorKind::context_length: return "context_length";
    case ErrorKind::no_route: return "no_route";
    case ErrorKind::over_budget: return "over_budget";
    case ErrorKind::rate_limited: return "rate_limited";
    case ErrorKind::overloaded: return "overloaded";
    case ErrorKind::upstream_connect: return "upstream_connect";
    case ErrorKind::upstream_timeout: return "upstream_timeout";
    case ErrorKind::upstream_protocol: return "upstream_protocol";
    case ErrorKind::upstream_status: return "upstream_status";
    case ErrorKind::client_gone: return "client_gone";
    case ErrorKind::storage: return "storage";
    case ErrorKind::internal: return "internal";
  }
  return "internal";
}

}  // namespace steelyard
