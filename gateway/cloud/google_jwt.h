#pragma once
// The assertion a Google service account shows for a token (RFC 7523): a JWT signed RS256.
#include <string>
#include <string_view>

#include "config/types/instant.h"
#include "config/types/result.h"
#include "config/types/secret.h"

namespace steelyard::cloud {

struct ServiceAccount {
  std::string email, key_id, token_uri;
  Secret private_key;  // PEM
};

// "a-b_c", no padding.
std::string base64url(std::string_view bytes);
// Valid for an hour from `now`. Fails when the key cannot be read; the text never holds it.
Result<std::string> signed_assertion(const ServiceAccount& account, std::string_view scope,
                                     std::string_view audience, Instant now);

}  // namespace steelyard::cloud
