#pragma once
// Where a request to a provider goes: the path of each dialect, and what clouds that host several
// vendors' models make of it (research/wire 3.1, 3.2, 1.5).
#include <cstdint>
#include <string>
#include <string_view>

#include "config/spec/gateway_spec.h"
#include "gateway/dialect/hub.h"

namespace steelyard {

enum class PathStyle : std::uint8_t {
  fixed,        // one path for all models
  gemini,       // {before}MODEL:generateContent
  raw_predict,  // {before}MODEL:rawPredict: Anthropic on Vertex
  deployment,   // {before}MODEL{after}: Azure with a dated api-version
  converse,     // {before}MODEL/converse: Bedrock, the model percent-encoded
  invoke,       // {before}MODEL/invoke: Anthropic on Bedrock
};

struct ProviderPath {
  PathStyle style = PathStyle::fixed;
  std::string before, after;  // fixed: `before` is all of it
  // The request line holds the model: each request has its own.
  bool names_model() const { return style != PathStyle::fixed; }
};

// `base`: the path of the base URL, without a slash at the end.
ProviderPath path_of(const ProviderSpec& spec, dialect::hub::Wire wire, const std::string& base);

// "POST {path} HTTP/1.1" with its line end. `model` is what the provider calls it; it was checked
// when the configuration was read, so nothing of the client's stands here.
void append_request_line(std::string& out, const ProviderPath& path, std::string_view model,
                         bool stream);

// The path of another operation beside a provider's Chat or Responses: "/embeddings" in the place
// of theirs, with Azure's deployment and version.
void append_sibling_path(std::string& out, const ProviderPath& path, dialect::hub::Wire wire,
                         std::string_view model, std::string_view operation);

// Of a model of Vertex or Bedrock that is no chat: "{before}MODEL:predict", "{before}MODEL/invoke".
void append_cloud_path(std::string& out, const ProviderPath& path, std::string_view model,
                       bool vertex);

// The path in such a line.
std::string_view path_in(std::string_view request_line);

// The head field a key goes into, with its colon: "authorization: Bearer ".
std::string_view key_field(const ProviderSpec& spec, dialect::hub::Wire wire);

}  // namespace steelyard
