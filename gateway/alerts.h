#pragma once
// A budget's threshold told to a webhook: CloudEvents 1.0, signed as Standard Webhooks has it,
// repeated until somebody takes it. A thread of its own; nothing here is near a request.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/spec/gateway_spec.h"
#include "gateway/store/books.h"

namespace steelyard {

// The event as structured JSON. Its `id` names budget, window and threshold: whoever receives it
// twice knows.
std::string cloud_event(const store::CrossingReport& crossing, Instant now);
std::string event_id(const store::CrossingReport& crossing);

// "v1,BASE64": HMAC-SHA256 over `id.seconds.body`. A secret `whsec_BASE64` is decoded first.
std::string webhook_signature(std::string_view secret, std::string_view id, std::int64_t seconds,
                              std::string_view body);

struct AlertCounts {
  std::uint64_t delivered = 0, failed_tries = 0, given_up = 0, waiting = 0;
};

class Alerts {
 public:
  explicit Alerts(const AlertSpec& spec);
  ~Alerts();  // what waits for another try is dropped, and said in the log
  Alerts(const Alerts&) = delete;
  Alerts& operator=(const Alerts&) = delete;

  // The webhook from now on; what waits goes there.
  void configure(const AlertSpec& spec);
  // Does not wait. Nothing without a webhook.
  void send(const store::CrossingReport& crossing, Instant now);
  AlertCounts counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace steelyard
