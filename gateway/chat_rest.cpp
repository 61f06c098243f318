// A stream that waits long enough between its events puts away what it needs only at its end: the
// request, and all of the call that is not the relay itself.
#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
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

// Every text of the request that its answer's end and its receipt ask for. Whoever gives them
// another one names it here: builds with assertions overwrite a request that is let go.
template <class Each>
void each_request_text(Decision& decision, telemetry::ReceiptFields& receipt, Each each) {
  each(decision.chat.model);
  each(decision.chat.service_tier);
  each(receipt.model);  // as asked for, where nobody answered
  for (policies::RequestFacts* const facts : {&decision.facts, &receipt.facts})
    for (std::string_view* const text :
         {&facts->requested_model, &facts->client, &facts->client_version, &facts->request_class,
          &facts->agent, &facts->tags, &facts->session, &facts->task, &facts->tier_header})
      each(*text);
}

// Copies those of them that are in `request` (others are literals, or the configuration's) to
// `texts` and lets them point there.
void keep_texts(std::string_view request, Decision& decision, telemetry::ReceiptFields& receipt,
                std::string& texts) {
  const auto inside = [request](std::string_view text) {
    return !text.empty() && std::greater_equal<>()(text.data(), request.data()) &&
           std::less<>()(text.data(), request.data() + request.size());
  };
  std::size_t size = 0;
  each_request_text(decision, receipt, [&](std::string_view text) {
    if (inside(text)) size += text.size();
  });
  texts.reserve(size);  // it does not move from here on
  each_request_text(decision, receipt, [&](std::string_view& text) {
    if (!inside(text)) return;
    const std::size_t at = texts.size();
    texts += text;
    text = std::string_view(texts).substr(at);
  });
}

// What an answer's end asks of the request; the rest is in a body that goes.
dialect::ChatRequest without_slices(const dialect::ChatRequest& chat) {
  dialect::ChatRequest kept;
  kept.model = chat.model;
  kept.stream = chat.stream;
  kept.include_usage = chat.include_usage;
  kept.choices = chat.choices;
  kept.service_tier = chat.service_tier;
  kept.web_searches = chat.web_searches;
  kept.has_reasoning_state = chat.has_reasoning_state;
  return kept;
}

// What was there to choose by: its answer has begun, and nobody else will be asked. Whoever asks
// for a fact from here on finds it in the receipt.
void forget_choice(Decision& decision) {
  decision.verdict.allowed = {};
  decision.facts = {};
  decision.signed_parts = {};
}

}  // namespace

// For the provider's next bytes: at first only until it is clear that the stream waits.
void ChatCall::arm_stream() {
  const TimeoutSpec& timeouts = runtime_.spec.timeouts;
  idle_due_ = worker_.last_tick().plus_ms(timeouts.stream_idle);
  rest_due_ = committed_ && !cold_.frozen();
  if (rest_due_ && rest_at_once) rest();
  Tick due = std::min({idle_due_, committed_ ? ping_due_ : commit_due_, total_due_});
  if (rest_due_) due = std::min(due, worker_.last_tick().plus_ms(rest_after_ms));
  worker_.set_deadline_at(deadline_, due);
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
  widened_.reset();  // it was sent
  forget_choice(decision_);
  if (!foreign_ &&
      session_.holds_request()) {  // a bridge may look at the client's body until the end
    decision_.chat = without_slices(decision_.chat);
    keep_texts(session_.request_bytes(), decision_, receipt_, texts_);
    session_.let_request_go();
  }
  cold_.freeze(&decision_);
}

}  // namespace steelyard
