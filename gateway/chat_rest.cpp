// A stream that waits long enough between its events puts away what it needs only at its end: the
// request, and all of the call that is not the relay itself.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "gateway/chat_call.h"
#include "gateway/runtime.h"
#include "gateway/worker.h"

namespace steelyard {
namespace {

constexpr std::int64_t rest_after_ms = 20;
#ifdef NDEBUG
constexpr bool rest_at_once = false;
#else
constexpr bool rest_at_once = true;  // so that tests see what is touched and should not be
#endif

using Words = std::array<std::uintptr_t, 2>;
static_assert(sizeof(std::string_view) == sizeof(Words));

// The views in [object, object + bytes) of texts in `region`, told by where they point.
template <class Found>
void each_view(void* object, std::size_t bytes, std::string_view region, Found found) {
  const auto begin = reinterpret_cast<std::uintptr_t>(region.data());
  const auto probe = std::bit_cast<Words>(region);
  const std::size_t pointer = probe[0] == begin ? 0 : 1;  // the other word is the size
  auto* const at = static_cast<std::byte*>(object);
  for (std::size_t i = 0; i + sizeof(Words) <= bytes; i += sizeof(std::uintptr_t)) {
    Words words;
    std::memcpy(&words, at + i, sizeof words);
    const std::uintptr_t offset = words[pointer] - begin, size = words[1 - pointer];
    if (offset < region.size() && size <= region.size() - offset)
      found(at + i, region.substr(offset, size));
  }
}

// Who adds a fact or a field of the receipt need not know of this: views are found by where they
// point.
class Rehoming {
 public:
  explicit Rehoming(std::string_view region) : region_(region) {}
  void measure(void* object, std::size_t bytes) {
    each_view(object, bytes, region_,
              [&](std::byte*, std::string_view text) { size_ += text.size(); });
  }
  std::size_t size() const { return size_; }
  // `texts` has room: it does not move.
  void move(void* object, std::size_t bytes, std::string& texts) {
    each_view(object, bytes, region_, [&](std::byte* at, std::string_view text) {
      const std::string_view moved(texts.data() + texts.size(), text.size());
      texts += text;
      std::memcpy(at, &moved, sizeof moved);
    });
  }

 private:
  std::string_view region_;
  std::size_t size_ = 0;
};

// What an answer's end asks of the request; the rest is in a body that goes.
dialect::ChatRequest without_slices(const dialect::ChatRequest& chat) {
  dialect::ChatRequest kept;
  kept.model = chat.model;
  kept.stream = chat.stream;
  kept.include_usage = chat.include_usage;
  kept.choices = chat.choices;
  kept.service_tier = chat.service_tier;
  return kept;
}

}  // namespace

// For the provider's next bytes: at first only until it is clear that the stream waits.
void ChatCall::arm_stream() {
  const TimeoutSpec& timeouts = runtime_.spec.timeouts;
  idle_due_ = worker_.last_tick().plus_ms(timeouts.stream_idle);
  ping_due_ = worker_.last_tick().plus_ms(timeouts.stream_ping);
  rest_due_ = committed_ && !cold_.frozen();
  if (rest_due_ && rest_at_once) rest();
  const std::int64_t first = std::min(timeouts.stream_idle, timeouts.stream_ping);
  arm(rest_due_ ? std::min(rest_after_ms, first) : first);
}

// A deadline of a stream whose provider is waited for: time to rest, or for a sign of life to the
// client. False: the wait is over.
bool ChatCall::goes_on_waiting() {
  if (!std::exchange(rest_due_, false)) return sign_of_life();
  rest();
  worker_.set_deadline_at(deadline_, std::min({ping_due_, idle_due_, total_due_}));
  return true;
}

void ChatCall::rest() {
  if (cold_.frozen()) return;
  if (!foreign_ &&
      session_.holds_request()) {  // a bridge may look at the client's body until the end
    decision_.chat = without_slices(decision_.chat);
    auto& fields = static_cast<telemetry::ReceiptFields&>(receipt_);
    Rehoming rehoming(session_.request_bytes());
    rehoming.measure(&decision_, sizeof decision_);
    rehoming.measure(&fields, sizeof fields);
    texts_.reserve(rehoming.size());
    rehoming.move(&decision_, sizeof decision_, texts_);
    rehoming.move(&fields, sizeof fields, texts_);
    session_.let_request_go();
  }
  cold_.freeze(&decision_);
}

}  // namespace steelyard
