#pragma once
// AWS Signature Version 4 of one request, in its head (docs.aws.amazon.com, "Create a signed AWS
// API request"; vectors: tests/unit/cloud/sigv4_test.cpp). Pure, but for OpenSSL's SHA-256.
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "config/types/instant.h"
#include "config/types/secret.h"

namespace steelyard::cloud {

struct AwsKeys {
  std::string id;        // AKIA... or ASIA...
  Secret secret;         // secret access key
  Secret session_token;  // of temporary keys; else empty
};

struct SigningScope {
  std::string region, service;  // "us-east-1", "bedrock"
};

// As it goes on the wire, percent-encoded once. Lines: name in any case, value; `host` must be one.
struct RequestToSign {
  std::string_view method, path, query;
  std::span<const std::pair<std::string_view, std::string_view>> lines;
  std::string_view body_sha256;  // 64 hexadecimal digits
  bool normalise_path = true;    // "/a/../b" counts as "/b"
};

struct Signature {
  std::string signed_names;  // "host;x-amz-date"
  std::string hex;           // 64 digits
};

// "20150830T123600Z".
std::string amz_date(Instant now);
std::string sha256_hex(std::span<const std::string_view> parts);

// The text whose hash is signed; for tests and error messages.
std::string canonical_request(const RequestToSign& request, std::string& signed_names);
// `date` is one of the request's lines, x-amz-date.
Signature sign(const RequestToSign& request, const AwsKeys& keys, const SigningScope& scope,
               std::string_view date);

struct SignedCall {
  std::string_view host, path, body_sha256;
  std::string_view method = "POST", query = {};
  std::string_view content_type = "application/json";  // "" it has none
};
// Appends the lines that sign a request: x-amz-date, x-amz-security-token if there is one,
// authorization. Signed are host, content-type and these.
void append_signed_lines(std::string& out, const SignedCall& call, const AwsKeys& keys,
                         const SigningScope& scope, Instant now);

// Everything but letters, digits and `-._~` as %XX; `keep`: further bytes that stay.
void append_percent_encoded(std::string& out, std::string_view text, std::string_view keep = {});

}  // namespace steelyard::cloud
