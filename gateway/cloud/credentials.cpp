#include "gateway/cloud/credentials.h"

#include <simdjson.h>

#include "gateway/cloud/aws_keys.h"
#include "gateway/cloud/google_jwt.h"

namespace steelyard::cloud {
namespace {

constexpr std::string_view kGoogleScope = "https://www.googleapis.com/auth/cloud-platform";
constexpr std::string_view kGoogleTokens = "https://oauth2.googleapis.com/token";
constexpr std::string_view kGoogleMetadata =
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token";
constexpr std::string_view kEntraScope = "https://cognitiveservices.azure.com/.default";
constexpr std::string_view kEntraMetadata = "http://169.254.169.254/metadata/identity/oauth2/token";

std::string_view or_usual(const std::string& said, std::string_view usual) {
  return said.empty() ? usual : std::string_view(said);
}

auto wrong(std::string what) {
  return fail(ErrorKind::bad_request, ErrorSource::gateway, Retry::never, std::move(what));
}

std::string form(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out.append(name).append("=");
    append_percent_encoded(out, value);
  }
  return out;
}

Result<HttpCall> call_to(std::string_view url) {
  HttpCall call;
  if (!split_url(url, call)) return wrong("`token_url` is no http or https URL");
  return call;
}

Result<HttpCall> post_form(std::string_view url, std::string body) {
  Result<HttpCall> call = call_to(url);
  if (!call) return call;
  call->fields = {{"content-type", "application/x-www-form-urlencoded"},
                  {"accept", "application/json"}};
  call->body = std::move(body);
  return call;
}

std::string text_at(const simdjson::dom::element& document, const char* key) {
  std::string_view found;
  return document[key].get(found) == simdjson::SUCCESS ? std::string(found) : std::string();
}

// The JSON file of a service account, or the one `gcloud auth application-default login` writes.
Result<HttpCall> google_account_call(const CredentialSpec& spec, Instant now) {
  simdjson::dom::parser parser;
  simdjson::dom::element file;
  const simdjson::padded_string text(spec.secret.reveal());
  if (parser.parse(text).get(file) != simdjson::SUCCESS)
    return wrong("the service account's file is no JSON");
  const std::string type = text_at(file, "type");
  if (type == "authorized_user") {
    return post_form(or_usual(spec.token_url, kGoogleTokens),
                     form({{"grant_type", "refresh_token"},
                           {"client_id", text_at(file, "client_id")},
                           {"client_secret", text_at(file, "client_secret")},
                           {"refresh_token", text_at(file, "refresh_token")}}));
  }
  if (type != "service_account")
    return wrong("`type` of the service account's file is `" + type +
                 "`; `service_account` and `authorized_user` are understood");
  ServiceAccount account{text_at(file, "client_email"), text_at(file, "private_key_id"),
                         text_at(file, "token_uri"), Secret(text_at(file, "private_key"))};
  const std::string usual(or_usual(account.token_uri, kGoogleTokens));
  const std::string url(or_usual(spec.token_url, usual));
  const Result<std::string> assertion =
      signed_assertion(account, or_usual(spec.scope, kGoogleScope), url, now);
  if (!assertion) return fail(assertion.error());
  return post_form(url, form({{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                              {"assertion", *assertion}}));
}

Result<HttpCall> google_metadata_call(const CredentialSpec& spec) {
  Result<HttpCall> call = call_to(or_usual(spec.token_url, kGoogleMetadata));
  if (!call) return call;
  call->method = "GET";
  call->fields = {{"metadata-flavor", "Google"}};
  return call;
}

Result<HttpCall> entra_client_call(const CredentialSpec& spec) {
  const std::string usual =
      "https://login.microsoftonline.com/" + spec.tenant + "/oauth2/v2.0/token";
  return post_form(or_usual(spec.token_url, usual),
                   form({{"grant_type", "client_credentials"},
                         {"client_id", spec.id},
                         {"client_secret", spec.secret.reveal()},
                         {"scope", or_usual(spec.scope, kEntraScope)}}));
}

Result<HttpCall> entra_identity_call(const CredentialSpec& spec) {
  std::string resource(or_usual(spec.scope, kEntraScope));
  if (resource.ends_with("/.default")) resource.resize(resource.size() - 9);
  std::string url(or_usual(spec.token_url, kEntraMetadata));
  url += "?" + form({{"api-version", "2018-02-01"}, {"resource", resource}});
  if (!spec.id.empty()) url += "&" + form({{"client_id", spec.id}});
  Result<HttpCall> call = call_to(url);
  if (!call) return call;
  call->method = "GET";
  call->fields = {{"metadata", "true"}};
  return call;
}

}  // namespace

Result<HttpCall> token_call(const CredentialSpec& spec, Instant now) {
  switch (spec.type) {
    case CredentialType::google_service_account: return google_account_call(spec, now);
    case CredentialType::google_metadata: return google_metadata_call(spec);
    case CredentialType::entra_client: return entra_client_call(spec);
    case CredentialType::entra_managed_identity: return entra_identity_call(spec);
    case CredentialType::none:
    case CredentialType::aws:
    case CredentialType::aws_file:
    case CredentialType::aws_instance:
    case CredentialType::aws_container: break;
  }
  return wrong("these credentials have no token");
}

Result<Credentials> read_token(const HttpAnswer& answer) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  const simdjson::padded_string text(answer.body);
  const bool json = parser.parse(text).get(document) == simdjson::SUCCESS;
  if (answer.status != 200 || !json) {
    std::string why = json ? text_at(document, "error_description") : std::string();
    if (json && why.empty()) why = text_at(document, "error");
    return wrong("the token server answered " + std::to_string(answer.status) +
                 (why.empty() ? "" : ": " + why.substr(0, 300)));
  }
  Credentials out;
  out.token = Secret(text_at(document, "access_token"));
  const std::string_view bytes = out.token.reveal();
  for (const char c : bytes)
    if (c <= ' ' || c >= 0x7F) return wrong("the token server's `access_token` cannot be sent");
  if (bytes.empty()) return wrong("the token server's answer has no `access_token`");
  // Azure's metadata server writes it as text.
  if (document["expires_in"].get(out.valid_seconds) != simdjson::SUCCESS)
    out.valid_seconds = std::atoll(text_at(document, "expires_in").c_str());
  return out;
}

Result<Credentials> ask_for_credentials(const CredentialSpec& spec, Instant now) {
  switch (spec.type) {
    case CredentialType::aws:
    case CredentialType::aws_file:
    case CredentialType::aws_instance:
    case CredentialType::aws_container: return ask_for_aws_keys(spec, now);
    default: break;
  }
  const Result<HttpCall> call = token_call(spec, now);
  if (!call) return fail(call.error());
  const Result<HttpAnswer> answer = call_blocking(*call);
  if (!answer) return fail(answer.error());
  return read_token(*answer);
}

}  // namespace steelyard::cloud
