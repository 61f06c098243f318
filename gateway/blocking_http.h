#pragma once
// One HTTP/1.1 exchange on the caller's thread, over plain TCP or TLS: for commands, and for the
// thread that delivers alerts. Never for requests.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/types/result.h"

namespace steelyard {

struct HttpCall {
  bool tls = false;  // the chain and the name of the host are verified
  std::string host;
  std::uint16_t port = 80;
  std::string method = "POST", target = "/";
  std::vector<std::pair<std::string, std::string>> fields;  // host and content-length are added
  std::string body;
  int seconds_max = 10;  // for each wait
};

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// Fails when nobody answers, the certificate is not good, or what answers is no HTTP. One
// connection, closed afterwards.
Result<HttpAnswer> call_blocking(const HttpCall& call);

// "https://hooks.example.com:8443/x?y" into tls, host, port and target. False: not such a URL.
bool split_url(std::string_view url, HttpCall& out);

}  // namespace steelyard
