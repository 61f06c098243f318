#pragma once
// Requests and tokens in a stretch of time, of one request: taken before anything is sent, told in
// the head of every answer, settled with what was used.
#include <cstdint>

#include "config/types/error.h"
#include "config/types/instant.h"
#include "gateway/store/rates.h"

namespace steelyard {

class Session;
namespace net {
class HeadWriter;
}
namespace telemetry {
struct Receipt;
}

class RateHold {
 public:
  // `tokens`: the most it may use. False: refusal() says whose limit has no room, and until when.
  bool take(Session& session, std::int64_t tokens);
  Error refusal() const;
  // The request is over: tokens it did not use are free again. Of one that nobody billed, all.
  void settle(Session& session, const telemetry::Receipt& receipt);
  // In the names of the client's dialect. Up to about 700 bytes.
  void append(net::HeadWriter& head, const Session& session, Instant now) const;

 private:
  store::RateTicket ticket_;
  store::RateAnswer answer_;
};

}  // namespace steelyard
