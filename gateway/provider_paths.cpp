#include "gateway/provider_paths.h"

#include "gateway/cloud/sigv4.h"

namespace steelyard {

using dialect::hub::Wire;

namespace {

// What a request line of Gemini's has before the model: "/v1beta/models/". The version may be left
// out of the base URL; a Vertex URL ends in its publisher.
std::string models_path(const std::string& base) {
  const std::string_view last = std::string_view(base).substr(base.rfind('/') + 1);
  const bool complete = last.starts_with("v1") || base.find("/publishers/") != std::string::npos;
  return base + (complete ? "/models/" : "/v1beta/models/");
}

// Vertex: "{base}/publishers/NAME/models/".
std::string publisher(const std::string& base, std::string_view name) {
  if (base.find("/publishers/") != std::string::npos) return base + "/models/";
  return base + "/publishers/" + std::string(name) + "/models/";
}

// Azure has two ways: a version in the path, or a dated one in the query, where Chat has the
// deployment in the path and Responses has not.
ProviderPath azure_path(const ProviderSpec& spec, Wire wire, std::string base) {
  const std::string query =
      spec.api_version.empty() ? std::string() : "?api-version=" + spec.api_version;
  const bool dated = !spec.api_version.empty() && spec.api_version.front() >= '0' &&
                     spec.api_version.front() <= '9';
  if (base.empty()) base = dated ? "/openai" : "/openai/v1";
  if (wire == Wire::openai_responses) return {PathStyle::fixed, base + "/responses" + query, {}};
  if (!dated || base.ends_with("/v1"))
    return {PathStyle::fixed, base + "/chat/completions" + query, {}};
  return {PathStyle::deployment, base + "/deployments/", "/chat/completions" + query};
}

}  // namespace

ProviderPath path_of(const ProviderSpec& spec, Wire wire, const std::string& base) {
  const bool openai = wire == Wire::openai_chat || wire == Wire::openai_responses;
  if (spec.platform == Platform::azure && openai) return azure_path(spec, wire, base);
  if (spec.platform == Platform::vertex && wire == Wire::anthropic)
    return {PathStyle::raw_predict, publisher(base, "anthropic"), {}};
  if (spec.platform == Platform::vertex && wire == Wire::gemini)
    return {PathStyle::gemini, publisher(base, "google"), {}};
  if (spec.platform == Platform::vertex) {
    const bool complete = base.find("/endpoints/") != std::string::npos;
    return {
        PathStyle::fixed, base + (complete ? "" : "/endpoints/openapi") + "/chat/completions", {}};
  }
  if (spec.platform == Platform::bedrock && wire == Wire::anthropic)
    return {PathStyle::invoke, base + "/model/", {}};
  switch (wire) {
    case Wire::openai_responses: return {PathStyle::fixed, base + "/responses", {}};
    // Anthropic's base URL is usually given without its version.
    case Wire::anthropic:
      return {PathStyle::fixed, base + (base.ends_with("/v1") ? "/messages" : "/v1/messages"), {}};
    case Wire::gemini: return {PathStyle::gemini, models_path(base), {}};
    case Wire::converse: return {PathStyle::converse, base + "/model/", {}};
    case Wire::openai_chat: break;
  }
  return {PathStyle::fixed, base + "/chat/completions", {}};
}

void append_request_line(std::string& out, const ProviderPath& path, std::string_view model,
                         bool stream) {
  out.append("POST ").append(path.before);
  const bool bedrock = path.style == PathStyle::converse || path.style == PathStyle::invoke;
  if (bedrock)
    cloud::append_percent_encoded(out, model);
  else if (path.names_model())
    out.append(model);
  switch (path.style) {
    case PathStyle::gemini:
      out += stream ? ":streamGenerateContent?alt=sse" : ":generateContent";
      break;
    case PathStyle::raw_predict: out += stream ? ":streamRawPredict" : ":rawPredict"; break;
    case PathStyle::converse: out += stream ? "/converse-stream" : "/converse"; break;
    case PathStyle::invoke: out += stream ? "/invoke-with-response-stream" : "/invoke"; break;
    case PathStyle::fixed:
    case PathStyle::deployment: break;
  }
  out.append(path.after).append(" HTTP/1.1\r\n");
}

void append_sibling_path(std::string& out, const ProviderPath& path, Wire wire,
                         std::string_view model, std::string_view operation) {
  const std::string_view own = wire == Wire::openai_responses ? "/responses" : "/chat/completions";
  std::string whole = path.before;
  if (path.names_model()) whole.append(model);
  whole += path.after;
  const std::size_t at = whole.rfind(own);
  if (at != whole.npos) whole.replace(at, own.size(), operation);
  out += whole;
}

void append_cloud_path(std::string& out, const ProviderPath& path, std::string_view model,
                       bool vertex) {
  out += path.before;
  if (vertex) {
    out.append(model).append(":predict");
    return;
  }
  cloud::append_percent_encoded(out, model);
  out += "/invoke";
}

std::string_view path_in(std::string_view request_line) {
  const std::size_t begin = request_line.find(' ') + 1;
  return request_line.substr(begin, request_line.find_first_of(" ?", begin) - begin);
}

std::string_view key_field(const ProviderSpec& spec, Wire wire) {
  switch (spec.key_field) {
    case KeyField::bearer: return "authorization: Bearer ";
    case KeyField::x_api_key: return "x-api-key: ";
    case KeyField::x_goog_api_key: return "x-goog-api-key: ";
    case KeyField::api_key: return "api-key: ";
    case KeyField::by_dialect: break;
  }
  if (spec.platform == Platform::azure) return "api-key: ";
  if (spec.platform != Platform::vendor) return "authorization: Bearer ";
  switch (wire) {
    case Wire::anthropic: return "x-api-key: ";
    case Wire::gemini: return "x-goog-api-key: ";
    case Wire::openai_chat:
    case Wire::openai_responses:
    case Wire::converse: break;
  }
  return "authorization: Bearer ";
}

}  // namespace steelyard
