// What clouds want to see of a request outside a chat plan: a token, or a signature over its body.
#include "gateway/cloud/sigv4.h"
#include "gateway/cloud/token_source.h"
#include "gateway/credentials_wait.h"
#include "gateway/forward.h"
#include "gateway/provider_paths.h"
#include "gateway/runtime.h"
#include "gateway/worker.h"

namespace steelyard {
namespace {

constexpr std::size_t signed_body_max = 32u << 20;  // Bedrock takes 25 MB

// The value of a line in `head`, which has one space behind the colon.
std::string_view line_of(std::string_view head, std::string_view name) {
  const std::string start = "\r\n" + std::string(name) + ": ";
  const std::size_t at = head.find(start);
  if (at == head.npos) return {};
  const std::size_t begin = at + start.size();
  return head.substr(begin, head.find('\r', begin) - begin);
}

}  // namespace

net::Task<bool> Forward::take_credentials(const ForwardAsk& ask) {
  cloud::TokenSource& tokens = *provider().tokens;
  credentials_ = tokens.current();
  if (!credentials_ && tokens.last_error().empty()) {
    const CredentialsWait wait(tokens, worker_, pause_);
    arm(session_.runtime().spec.timeouts.first_byte);
    (void)co_await pause_;
    waited();
    deadline_.clear();
    credentials_ = tokens.current();
  }
  if (session_.client_gone())
    co_return fail(ErrorKind::client_gone, "the client closed the connection");
  if (must_end_) co_return fail(ErrorKind::overloaded, "the gateway is shutting down");
  if (!credentials_) {
    const std::string why = tokens.last_error();
    const std::string rest = why.empty() ? " in time" : ": " + why;
    co_return fail(ErrorKind::upstream_connect,
                   "provider `" + provider().name + "` has no credentials" + rest);
  }
  const bool has_token = !credentials_->token.reveal().empty();
  if (has_token || !ask.client_body || !session_.head().has_body()) co_return true;
  co_return co_await take_client_body(ask);
}

net::Task<bool> Forward::take_client_body(const ForwardAsk& ask) {
  for (;;) {
    std::string_view piece;
    const bool got = co_await session_.read_body(piece);
    if (session_.client_gone())
      co_return fail(ErrorKind::client_gone, "the client closed the connection");
    if (!got || signed_body_.size() + piece.size() > signed_body_max) co_return refuse_body();
    if (piece.empty()) co_return true;
    if (ask.watch != nullptr) ask.watch->feed(piece);
    signed_body_ += piece;
  }
}

void Forward::append_credentials(std::string& head, std::string_view body) const {
  const std::string_view token = credentials_->token.reveal();
  if (!token.empty()) {
    head.append("authorization: Bearer ").append(token).append("\r\n");
    return;
  }
  const std::string_view parts[] = {body};
  const std::string hash = cloud::sha256_hex(parts);
  const std::string line = head.substr(0, head.find('\r'));
  const std::size_t begin = line.find(' ') + 1, end = line.rfind(' ');
  const std::string_view target = std::string_view(line).substr(begin, end - begin);
  cloud::SignedCall call;
  call.host = provider().host;
  call.method = std::string_view(line).substr(0, begin - 1);
  call.path = target.substr(0, target.find('?'));
  if (call.path.size() < target.size()) call.query = target.substr(call.path.size() + 1);
  call.body_sha256 = hash;
  const std::string type(line_of(head, "content-type"));
  call.content_type = type;
  std::string lines;
  cloud::append_signed_lines(lines, call, credentials_->aws, {provider().region, "bedrock"},
                             worker_.now());
  head += lines;
}

}  // namespace steelyard
