#pragma once
// What proves who we are to one provider, kept fresh by a thread of its own: asked for when serving
// begins, again before it ends, and at once when the provider refuses it. However many requests
// wait, there is one asking. Shared by all workers, and over reloads that change nothing of it.
#include <functional>
#include <memory>
#include <string>

#include "config/spec/gateway_spec.h"
#include "gateway/cloud/credentials.h"

namespace steelyard::cloud {

class TokenSource {
 public:
  // The running one with the same settings, or a new one. `name`: of the provider, for the log.
  static std::shared_ptr<TokenSource> shared(const CredentialSpec& spec, const std::string& name);
  TokenSource(const CredentialSpec& spec, const std::string& name);
  ~TokenSource();
  TokenSource(const TokenSource&) = delete;
  TokenSource& operator=(const TokenSource&) = delete;

  void start();  // begins asking; any number of times

  // Null: there is none that is valid.
  std::shared_ptr<const Credentials> current() const;
  // Calls `done` once, on the thread of the source, after the next asking; well or not.
  void after_next_asking(std::function<void()> done);
  // The provider refused these: they are not given out again. Nothing happens if there are newer,
  // or if they were asked for a moment ago.
  void refused(const std::shared_ptr<const Credentials>& those);
  std::string last_error() const;  // "" the last asking went well
  std::uint64_t askings() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace steelyard::cloud
