#pragma once
// One asking for what proves who we are: an access token, or AWS keys. Waits for the network or a
// file; called by the thread of token_source.h, never by a request.
#include <cstdint>
#include <string>

#include "config/spec/gateway_spec.h"
#include "config/types/instant.h"
#include "config/types/result.h"
#include "gateway/blocking_http.h"
#include "gateway/cloud/sigv4.h"

namespace steelyard::cloud {

struct Credentials {
  Secret token;  // goes behind "authorization: Bearer "; empty: `aws` signs
  AwsKeys aws;
  std::int64_t valid_seconds = 0;  // from when it was asked for; 0: nobody said
};

// Asks once. Fails with a text that names what is wrong and holds no secret.
Result<Credentials> ask_for_credentials(const CredentialSpec& spec, Instant now);

// Its parts, for tests.
Result<HttpCall> token_call(const CredentialSpec& spec, Instant now);
Result<Credentials> read_token(const HttpAnswer& answer);

}  // namespace steelyard::cloud
