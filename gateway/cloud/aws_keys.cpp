#include "gateway/cloud/aws_keys.h"

#include <simdjson.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <sstream>

namespace steelyard::cloud {
namespace {

constexpr std::string_view kMetadata = "http://169.254.169.254";
constexpr std::string_view kRole = "/latest/meta-data/iam/security-credentials/";
constexpr std::size_t kFileMax = 1u << 20;
constexpr std::int64_t kFileSeconds = 60;  // then it is read again

auto wrong(std::string what) {
  return fail(ErrorKind::bad_request, ErrorSource::gateway, Retry::never, std::move(what));
}

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kFileMax, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  if (text.empty()) return wrong("`" + path + "` cannot be read");
  return text;
}

using Fields = std::vector<std::pair<std::string, std::string>>;

Result<std::string> body_of(const std::string& method, const std::string& url, Fields fields) {
  HttpCall call;
  if (!split_url(url, call)) return wrong("`token_url` is no http or https URL");
  call.method = method;
  call.fields = std::move(fields);
  const Result<HttpAnswer> answer = call_blocking(call);
  if (!answer) return fail(answer.error());
  if (answer->status != 200)
    return wrong("AWS's metadata answered " + std::to_string(answer->status) + " for " +
                 call.target);
  return answer->body;
}

// IMDSv2: a session of its own, the name of the role, its keys.
Result<Credentials> instance_keys(const CredentialSpec& spec, Instant now) {
  const std::string base = spec.token_url.empty() ? std::string(kMetadata) : spec.token_url;
  const Result<std::string> session =
      body_of("PUT", base + "/latest/api/token", {{"x-aws-ec2-metadata-token-ttl-seconds", "300"}});
  if (!session) return fail(session.error());
  const Fields shown{{"x-aws-ec2-metadata-token", trimmed(*session)}};
  const Result<std::string> role = body_of("GET", base + std::string(kRole), shown);
  if (!role) return fail(role.error());
  std::string name;
  append_percent_encoded(name, trimmed(role->substr(0, role->find('\n'))));
  const Result<std::string> keys = body_of("GET", base + std::string(kRole) + name, shown);
  if (!keys) return fail(keys.error());
  return read_aws_document(*keys, now);
}

Result<Credentials> container_keys(const CredentialSpec& spec, Instant now) {
  Fields fields{{"accept", "application/json"}};
  if (!spec.file.empty()) {
    const Result<std::string> token = read_file(spec.file);
    if (!token) return fail(token.error());
    fields.emplace_back("authorization", trimmed(*token));
  }
  const Result<std::string> keys = body_of("GET", spec.token_url, std::move(fields));
  if (!keys) return fail(keys.error());
  return read_aws_document(*keys, now);
}

}  // namespace

std::int64_t seconds_of(const std::string& text) {
  std::tm utc{};
  const char* const rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (rest == nullptr || (*rest != 'Z' && *rest != '.')) return -1;
  return static_cast<std::int64_t>(::timegm(&utc));
}

Result<Credentials> read_aws_profile(std::string_view text, const std::string& profile) {
  Credentials out;
  bool inside = false;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const std::string at = trimmed(line);
    if (at.empty() || at[0] == '#' || at[0] == ';') continue;
    if (at[0] == '[') {
      const std::string name = trimmed(std::string_view(at).substr(1, at.find(']') - 1));
      inside = name == profile || name == "profile " + profile;
      continue;
    }
    const std::size_t equal = at.find('=');
    if (!inside || equal == at.npos) continue;
    const std::string key = trimmed(std::string_view(at).substr(0, equal));
    const std::string value = trimmed(std::string_view(at).substr(equal + 1));
    if (key == "aws_access_key_id") out.aws.id = value;
    if (key == "aws_secret_access_key") out.aws.secret = Secret(value);
    if (key == "aws_session_token") out.aws.session_token = Secret(value);
  }
  if (out.aws.id.empty() || out.aws.secret.empty())
    return wrong("the credentials file has no keys for profile `" + profile + "`");
  return out;
}

Result<Credentials> read_aws_document(std::string_view json, Instant now) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  const simdjson::padded_string text(json);
  if (parser.parse(text).get(document) != simdjson::SUCCESS)
    return wrong("AWS's metadata answered no JSON");
  const auto field = [&](const char* key) {
    std::string_view found;
    return document[key].get(found) == simdjson::SUCCESS ? std::string(found) : std::string();
  };
  Credentials out;
  out.aws.id = field("AccessKeyId");
  out.aws.secret = Secret(field("SecretAccessKey"));
  out.aws.session_token = Secret(field("Token"));
  if (out.aws.id.empty() || out.aws.secret.empty())
    return wrong("AWS's metadata has no keys: " + field("Message").substr(0, 200));
  const std::int64_t ends = seconds_of(field("Expiration"));
  out.valid_seconds = ends < 0 ? 0 : std::max<std::int64_t>(ends - now.seconds(), 1);
  return out;
}

Result<Credentials> ask_for_aws_keys(const CredentialSpec& spec, Instant now) {
  if (spec.type == CredentialType::aws_instance) return instance_keys(spec, now);
  if (spec.type == CredentialType::aws_container) return container_keys(spec, now);
  if (spec.type == CredentialType::aws_file) {
    const Result<std::string> text = read_file(spec.file);
    if (!text) return fail(text.error());
    Result<Credentials> found = read_aws_profile(*text, spec.profile);
    if (found) found->valid_seconds = kFileSeconds;
    return found;
  }
  Credentials out;
  out.aws = {spec.id, spec.secret, spec.session_token};
  return out;
}

}  // namespace steelyard::cloud
