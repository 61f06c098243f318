#include "gateway/cloud/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <vector>

namespace steelyard::cloud {
namespace {

using Digest = std::array<unsigned char, 32>;
constexpr char kHex[] = "0123456789abcdef";

std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string hex(const Digest& digest) {
  std::string out;
  for (const unsigned char byte : digest) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

Digest hmac(std::string_view key, std::string_view text) {
  Digest out{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), &size);
  return out;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(at, begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

// RFC 3986, 5.2.4, and double slashes as one.
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  const bool open_end = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  for (const std::string_view segment : split(path, '/')) {
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!segment.empty() && segment != "." && segment != "..") kept.push_back(segment);
  }
  std::string out;
  for (const std::string_view segment : kept) out.append("/").append(segment);
  if (out.empty() || open_end) out += '/';
  return out;
}

std::string canonical_query(std::string_view query) {
  if (query.empty()) return {};
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string_view part : split(query, '&')) {
    const std::size_t equal = std::min(part.find('='), part.size());
    auto& [name, value] = pairs.emplace_back();
    // What is encoded already stays so.
    append_percent_encoded(name, part.substr(0, equal), "%");
    if (equal < part.size()) append_percent_encoded(value, part.substr(equal + 1), "%");
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

// Without blanks at the ends, runs of them as one.
std::string trimmed(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

}  // namespace

std::string amz_date(Instant now) {
  const std::time_t seconds = static_cast<std::time_t>(now.seconds());
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[20];
  const std::size_t size = std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return {text, size};
}

std::string sha256_hex(std::span<const std::string_view> parts) {
  Digest digest{};
  unsigned size = 0;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
  for (const std::string_view part : parts) EVP_DigestUpdate(context, part.data(), part.size());
  EVP_DigestFinal_ex(context, digest.data(), &size);
  EVP_MD_CTX_free(context);
  return hex(digest);
}

void append_percent_encoded(std::string& out, std::string_view text, std::string_view keep) {
  constexpr char kUpper[] = "0123456789ABCDEF";
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain || keep.find(c) != keep.npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kUpper[byte >> 4];
    out += kUpper[byte & 15];
  }
}

std::string canonical_request(const RequestToSign& request, std::string& signed_names) {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const auto& [name, value] : request.lines) lines.emplace_back(lower(name), trimmed(value));
  std::stable_sort(lines.begin(), lines.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string out(request.method);
  out += '\n';
  append_percent_encoded(
      out, request.normalise_path ? without_dots(request.path) : std::string(request.path), "/");
  out.append("\n").append(canonical_query(request.query));
  signed_names.clear();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0 && lines[i].first == lines[i - 1].first) {  // of one name: one line
      out.append(",").append(lines[i].second);
      continue;
    }
    out.append("\n").append(lines[i].first).append(":").append(lines[i].second);
    signed_names.append(signed_names.empty() ? "" : ";").append(lines[i].first);
  }
  out.append("\n\n").append(signed_names).append("\n").append(request.body_sha256);
  return out;
}

Signature sign(const RequestToSign& request, const AwsKeys& keys, const SigningScope& scope,
               std::string_view date) {
  Signature out;
  const std::string canonical = canonical_request(request, out.signed_names);
  const std::string_view parts[] = {canonical};
  const std::string_view day = date.substr(0, 8);
  const std::string text = "AWS4-HMAC-SHA256\n" + std::string(date) + "\n" + std::string(day) +
                           "/" + scope.region + "/" + scope.service + "/aws4_request\n" +
                           sha256_hex(parts);
  const Secret first("AWS4" + std::string(keys.secret.reveal()));
  Digest key = hmac(first.reveal(), day);
  key = hmac(bytes_of(key), scope.region);
  key = hmac(bytes_of(key), scope.service);
  key = hmac(bytes_of(key), "aws4_request");
  out.hex = hex(hmac(bytes_of(key), text));
  return out;
}

void append_signed_lines(std::string& out, const SignedCall& call, const AwsKeys& keys,
                         const SigningScope& scope, Instant now) {
  const std::string date = amz_date(now);
  std::vector<std::pair<std::string_view, std::string_view>> lines = {{"host", call.host},
                                                                      {"x-amz-date", date}};
  if (!call.content_type.empty()) lines.emplace_back("content-type", call.content_type);
  const std::string_view token = keys.session_token.reveal();
  if (!token.empty()) lines.emplace_back("x-amz-security-token", token);
  RequestToSign request;
  request.method = call.method;
  request.path = call.path;
  request.query = call.query;
  request.lines = lines;
  request.body_sha256 = call.body_sha256;
  const Signature signature = sign(request, keys, scope, date);
  out.append("x-amz-date: ").append(date).append("\r\n");
  if (!token.empty()) out.append("x-amz-security-token: ").append(token).append("\r\n");
  out.append("authorization: AWS4-HMAC-SHA256 Credential=").append(keys.id).append("/");
  out.append(date, 0, 8).append("/").append(scope.region).append("/").append(scope.service);
  out.append("/aws4_request, SignedHeaders=").append(signature.signed_names);
  out.append(", Signature=").append(signature.hex).append("\r\n");
}

}  // namespace steelyard::cloud
