// Tokens and keys that clouds want: taken before a request is sent, waited for only when there are
// none, renewed once when they are refused.
#include "gateway/chat_call.h"
#include "gateway/cloud/token_source.h"
#include "gateway/credentials_wait.h"
#include "gateway/runtime.h"
#include "gateway/serving.h"
#include "gateway/worker.h"

namespace steelyard {

bool ChatCall::take_credentials() {
  cloud::TokenSource* const tokens = provider_of(planned_->target).tokens.get();
  if (tokens == nullptr) return true;
  foreign_->credentials = tokens->current();
  return foreign_->credentials != nullptr;
}

// There are none: waits for the next asking. False: it failed, or the request is over.
net::Task<bool> ChatCall::credentials_come() {
  cloud::TokenSource& tokens = *provider_of(planned_->target).tokens;
  if (!tokens.last_error().empty()) co_return false;
  {
    const CredentialsWait wait(tokens, worker_, cold_->pause);
    pausing_ = true;
    arm(runtime_.spec.timeouts.first_byte);
    (void)co_await cold_->pause;
    pausing_ = false;
    deadline_.clear();
  }
  waited();
  co_return may_continue() && take_credentials();
}

ChatCall::AttemptEnd ChatCall::no_credentials() {
  const ProviderRuntime& provider = provider_of(planned_->target);
  if (session_.client_gone() || must_end_) return transport_failed({}, false);
  release();
  const std::string why = provider.tokens->last_error();
  give_error(ErrorKind::upstream_connect, ErrorSource::gateway,
             "provider `" + provider.name + "` has no credentials" +
                 (why.empty() ? std::string(" in time") : ": " + why));
  // The provider is as well as it was.
  serving_.health.on_abandoned(planned_->target);
  line_->failed = true;
  line_->error = ErrorKind::upstream_connect;
  end_line(0);
  return AttemptEnd::try_next;
}

// A token that the provider does not take any more. True: the same again, with a new one.
bool ChatCall::renewed_credentials(int status) {
  if (!foreign_ || !foreign_->credentials || renewed_) return false;
  const bool expired = status == 401 || fault_.type.starts_with("ExpiredToken") ||
                       fault_.type.starts_with("UnrecognizedClient");
  if (!expired) return false;
  cloud::TokenSource& tokens = *provider_of(planned_->target).tokens;
  tokens.refused(foreign_->credentials);
  renewed_ = tokens.current() != foreign_->credentials;
  return renewed_ && receipt_.attempts.size() < limits::attempts_max;
}

}  // namespace steelyard
