#include "gateway/alerts.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "config/types/json_writer.h"
#include "gateway/blocking_http.h"
#include "gateway/sys/clock.h"
#include "gateway/telemetry/log.h"
#include "gateway/telemetry/timestamp.h"
#include "router/ledger/pace.h"

namespace steelyard {
namespace {

constexpr std::size_t waiting_max = 1'000;
// After the first try; then it is given up. Some two hours in all.
constexpr std::array<std::int64_t, 9> pauses_ms{500,     2'000,   5'000,     30'000,   120'000,
                                                300'000, 600'000, 1'800'000, 3'600'000};

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::string out(4 * ((size + 2) / 3) + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(size));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

std::string key_of(std::string_view secret) {
  constexpr std::string_view prefix = "whsec_";
  if (!secret.starts_with(prefix)) return std::string(secret);
  secret.remove_prefix(prefix.size());
  std::string key(secret.size(), '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(key.data()),
                                     reinterpret_cast<const unsigned char*>(secret.data()),
                                     static_cast<int>(secret.size()));
  if (length < 0) return std::string(secret);
  std::size_t size = static_cast<std::size_t>(length);
  for (std::size_t i = secret.size(); i > 0 && secret[i - 1] == '='; --i) --size;
  key.resize(size);
  return key;
}

std::string_view time_text(telemetry::Timestamps& times, Instant at, char* room) {
  const char* const end = times.put_seconds(room, at);
  return {room, static_cast<std::size_t>(end - room)};
}

}  // namespace

std::string event_id(const store::CrossingReport& crossing) {
  return crossing.scope + "/" + window_word(crossing.per) + "/" +
         std::to_string(crossing.window_start.seconds()) + "/" + std::to_string(crossing.percent) +
         (crossing.asked ? "/approval" : "");
}

std::string cloud_event(const store::CrossingReport& crossing, Instant now) {
  telemetry::Timestamps times;
  char room[telemetry::Timestamps::bytes_max];
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("specversion", "1.0").field("id", event_id(crossing));
  json.field("source", "/steelyard/budgets")
      .field("type",
             crossing.asked ? "steelyard.budget.approval.v1" : "steelyard.budget.threshold.v1");
  json.field("subject", crossing.scope).key("time").raw(time_text(times, now, room));
  json.field("datacontenttype", "application/json").key("data").begin_object();
  json.field("scope", crossing.scope).field("per", window_word(crossing.per));
  json.field("percent", crossing.percent).field("action", action_word(crossing.action));
  if (!crossing.max_tier.empty()) json.field("max_tier", crossing.max_tier);
  json.field("limit_nano_usd", crossing.limit.v).field("posted_nano_usd", crossing.posted.v);
  const router::Pace pace = router::pace_of(crossing.limit, crossing.posted, crossing.window_start,
                                            crossing.window_end, now);
  json.field("burn_per_day_nano_usd", pace.burn_per_day.v).key("budget_exhausted_at");
  pace.exhausted_at ? json.raw(time_text(times, *pace.exhausted_at, room)) : json.null();
  json.key("window_start").raw(time_text(times, crossing.window_start, room));
  json.key("window_end").raw(time_text(times, crossing.window_end, room));
  json.end_object().end_object();
  return out;
}

std::string webhook_signature(std::string_view secret, std::string_view id, std::int64_t seconds,
                              std::string_view body) {
  const std::string key = key_of(secret);
  std::string text(id);
  text.append(".").append(std::to_string(seconds)).append(".").append(body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return "v1," + base64(digest.data(), size);
}

struct Alerts::State {
  struct Waiting {
    std::string id, body;
    std::size_t tries = 0;
    Tick due;
  };

  sys::SystemClock clock;
  mutable std::mutex mutex;  // all below but the thread
  std::condition_variable wake;
  AlertSpec spec;
  std::deque<Waiting> waiting;
  AlertCounts counts;
  bool stopping = false;
  std::thread thread;

  void loop();
  bool deliver(const AlertSpec& to, const Waiting& alert) const;
  void deliver_one(std::unique_lock<std::mutex>& lock, std::deque<Waiting>::iterator at);
};

// True: taken. Called without the lock.
bool Alerts::State::deliver(const AlertSpec& to, const Waiting& alert) const {
  HttpCall call;
  if (!split_url(to.webhook, call)) return false;
  const std::int64_t seconds = clock.now().seconds();
  call.fields = {{"content-type", "application/cloudevents+json"},
                 {"webhook-id", alert.id},
                 {"webhook-timestamp", std::to_string(seconds)}};
  if (to.secret)
    call.fields.emplace_back("webhook-signature",
                             webhook_signature(to.secret->reveal(), alert.id, seconds, alert.body));
  call.body = alert.body;
  const Result<HttpAnswer> answer = call_blocking(call);
  if (answer && answer->status >= 200 && answer->status < 300) return true;
  telemetry::log_warn("alert `{}` was not taken: {}", alert.id,
                      answer ? "status " + std::to_string(answer->status) : answer.error().context);
  return false;
}

void Alerts::State::deliver_one(std::unique_lock<std::mutex>& lock,
                                std::deque<Waiting>::iterator at) {
  Waiting alert = std::move(*at);
  waiting.erase(at);
  const AlertSpec to = spec;
  lock.unlock();
  const bool taken = deliver(to, alert);
  lock.lock();
  if (taken) {
    ++counts.delivered;
    return;
  }
  ++counts.failed_tries;
  if (alert.tries >= pauses_ms.size()) {
    ++counts.given_up;
    telemetry::log_error("alert `{}` is given up", alert.id);
    return;
  }
  alert.due = clock.tick().plus_ms(pauses_ms[alert.tries++]);
  waiting.push_back(std::move(alert));
}

void Alerts::State::loop() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    const auto sooner = [](const Waiting& a, const Waiting& b) { return a.due < b.due; };
    const auto next = std::min_element(waiting.begin(), waiting.end(), sooner);
    if (next == waiting.end()) {
      wake.wait(lock);
      continue;
    }
    const std::int64_t left = next->due - clock.tick();
    if (left > 0)
      wake.wait_for(lock, std::chrono::nanoseconds(left));
    else
      deliver_one(lock, next);
  }
  if (!waiting.empty())
    telemetry::log_warn("{} alerts are dropped: nobody took them in time", waiting.size());
}

Alerts::Alerts(const AlertSpec& spec) : state_(std::make_unique<State>()) {
  state_->spec = spec;
  State* const state = state_.get();
  state_->thread = std::thread([state] { state->loop(); });
}

Alerts::~Alerts() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  state_->thread.join();
}

void Alerts::configure(const AlertSpec& spec) {
  const std::lock_guard lock(state_->mutex);
  state_->spec = spec;
}

void Alerts::send(const store::CrossingReport& crossing, Instant now) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->spec.webhook.empty()) return;
    if (state_->waiting.size() >= waiting_max) {
      ++state_->counts.given_up;
      state_->waiting.pop_front();
    }
    state_->waiting.push_back(
        {event_id(crossing), cloud_event(crossing, now), 0, state_->clock.tick()});
  }
  state_->wake.notify_all();
}

AlertCounts Alerts::counts() const {
  const std::lock_guard lock(state_->mutex);
  AlertCounts out = state_->counts;
  out.waiting = state_->waiting.size();
  return out;
}

}  // namespace steelyard
