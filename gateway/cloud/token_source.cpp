#include "gateway/cloud/token_source.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/sys/clock.h"
#include "gateway/telemetry/log.h"

namespace steelyard::cloud {
namespace {

constexpr std::int64_t kEarlySecondsMax = 300;     // a new one is asked for so long before the end
constexpr std::int64_t kUnsaidSeconds = 300;       // of a token that says nothing: asked again
constexpr std::int64_t kRefusedPause_ms = 10'000;  // what was asked for so lately is not the fault
constexpr std::int64_t kPauseFirst_ms = 1'000, kPauseMost_ms = 60'000;

// Everything a source depends on, without keeping the secrets.
std::string fingerprint(const CredentialSpec& spec) {
  std::string text = std::to_string(static_cast<int>(spec.type));
  for (const std::string_view part :
       {std::string_view(spec.id), std::string_view(spec.tenant), spec.secret.reveal(),
        spec.session_token.reveal(), std::string_view(spec.token_url), std::string_view(spec.scope),
        std::string_view(spec.file), std::string_view(spec.profile)})
    text.append(1, '\0').append(part);
  return sha256_hex(std::array{std::string_view(text)});
}

}  // namespace

struct TokenSource::State {
  CredentialSpec spec;
  std::string name;
  sys::SystemClock clock;

  mutable std::mutex mutex;  // all below but the thread
  std::condition_variable wake;
  std::shared_ptr<const Credentials> credentials;
  Tick ends{INT64_MAX}, due;  // when they are worth nothing; when to ask
  Tick asked_at;
  std::int64_t pause_ms = kPauseFirst_ms;
  std::string error;
  std::uint64_t askings = 0;
  std::vector<std::function<void()>> waiting;
  bool stopping = false;
  std::thread thread;

  void loop();
  void ask(std::unique_lock<std::mutex>& lock);
  void took(Result<Credentials> found, Tick asked);
};

void TokenSource::State::took(Result<Credentials> found, Tick asked) {
  ++askings;
  asked_at = asked;
  if (!found) {
    error = found.error().context;
    due = clock.tick().plus_ms(pause_ms);
    pause_ms = std::min(pause_ms * 2, kPauseMost_ms);
    telemetry::log_error("provider `{}`: no credentials: {}", name, error);
    return;
  }
  error.clear();
  pause_ms = kPauseFirst_ms;
  const bool fixed = spec.type == CredentialType::aws;
  const bool file = spec.type == CredentialType::aws_file;
  const std::int64_t said = found->valid_seconds;
  const std::int64_t seconds = said > 0 ? said : kUnsaidSeconds;
  // Nearly: a fifth of a short life, five minutes of a long one.
  const std::int64_t early_ms = std::min(kEarlySecondsMax * 1000, seconds * 200);
  credentials = std::make_shared<const Credentials>(std::move(*found));
  ends = fixed || file || said <= 0 ? Tick{INT64_MAX} : asked.plus_ms(seconds * 1000);
  due = fixed ? Tick{INT64_MAX} : asked.plus_ms(seconds * 1000 - early_ms);
}

void TokenSource::State::ask(std::unique_lock<std::mutex>& lock) {
  const Tick asked = clock.tick();
  lock.unlock();
  Result<Credentials> found = ask_for_credentials(spec, clock.now());
  lock.lock();
  took(std::move(found), asked);
  const std::vector<std::function<void()>> told = std::exchange(waiting, {});
  lock.unlock();
  for (const auto& done : told) done();
  lock.lock();
}

void TokenSource::State::loop() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    const std::int64_t left = due - clock.tick();
    if (left <= 0)
      ask(lock);
    else if (due.ns == INT64_MAX)
      wake.wait(lock);
    else
      wake.wait_for(lock, std::chrono::nanoseconds(left));
  }
}

std::shared_ptr<TokenSource> TokenSource::shared(const CredentialSpec& spec,
                                                 const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<TokenSource>> known;
  const std::lock_guard lock(mutex);
  std::weak_ptr<TokenSource>& place = known[fingerprint(spec)];
  std::shared_ptr<TokenSource> source = place.lock();
  if (!source) place = source = std::make_shared<TokenSource>(spec, name);
  return source;
}

TokenSource::TokenSource(const CredentialSpec& spec, const std::string& name)
    : state_(std::make_unique<State>()) {
  state_->spec = spec;
  state_->name = name;
  if (spec.type == CredentialType::aws)
    state_->took(ask_for_credentials(spec, {}), state_->clock.tick());
}

TokenSource::~TokenSource() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  if (state_->thread.joinable()) state_->thread.join();
}

void TokenSource::start() {
  const std::lock_guard lock(state_->mutex);
  if (state_->thread.joinable()) return;
  State* const state = state_.get();
  state_->thread = std::thread([state] { state->loop(); });
}

std::shared_ptr<const Credentials> TokenSource::current() const {
  const std::lock_guard lock(state_->mutex);
  if (state_->clock.tick() >= state_->ends) return nullptr;
  return state_->credentials;
}

void TokenSource::after_next_asking(std::function<void()> done) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->waiting.push_back(std::move(done));
    // An asking that failed a moment ago is not repeated for each request.
    const bool failing = !state_->error.empty();
    if (!failing) state_->due = std::min(state_->due, state_->clock.tick());
  }
  state_->wake.notify_all();
}

void TokenSource::refused(const std::shared_ptr<const Credentials>& those) {
  {
    const std::lock_guard lock(state_->mutex);
    const Tick now = state_->clock.tick();
    const bool lately = now < state_->asked_at.plus_ms(kRefusedPause_ms);
    const bool fixed = state_->spec.type == CredentialType::aws;
    if (state_->credentials != those || fixed || lately) return;
    state_->credentials.reset();
    state_->due = std::min(state_->due, now);
  }
  state_->wake.notify_all();
}

std::string TokenSource::last_error() const {
  const std::lock_guard lock(state_->mutex);
  return state_->error;
}

std::uint64_t TokenSource::askings() const {
  const std::lock_guard lock(state_->mutex);
  return state_->askings;
}

}  // namespace steelyard::cloud
