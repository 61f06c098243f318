// What clouds that host others' models want beside a translation: their own spelling of Anthropic's
// body, and proof of who we are.
#include "config/types/glob.h"
#include "gateway/chat_foreign.h"
#include "gateway/cloud/credentials.h"
#include "gateway/dialect/json_cursor.h"
#include "gateway/runtime.h"

namespace steelyard {

namespace {

bool takes_beta(const ProviderRuntime& provider, std::string_view beta) {
  if (provider.betas.empty()) return true;
  for (const std::string& glob : provider.betas)
    if (glob_match(glob, beta)) return true;
  return false;
}

// Of one head line, "a, b": what the provider takes, behind what is in `foreign.betas`.
void keep_betas(ForeignCall& foreign, const ProviderRuntime& provider, std::string_view value) {
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t end = std::min(value.find(',', at), value.size());
    std::string_view beta = value.substr(at, end - at);
    at = end + 1;
    while (!beta.empty() && (beta.front() == ' ' || beta.front() == '\t')) beta.remove_prefix(1);
    while (!beta.empty() && (beta.back() == ' ' || beta.back() == '\t')) beta.remove_suffix(1);
    if (beta.empty()) continue;
    if (!takes_beta(provider, beta)) {
      foreign.dropped.add(dialect::hub::Loss::betas);
      continue;
    }
    if (!foreign.betas.empty()) foreign.betas += ',';
    foreign.betas += beta;
  }
}

// Words of a head: they need no escapes but for these two.
void append_list(std::string& out, std::string_view betas) {
  out += "[\"";
  for (const char c : betas) {
    if (c == ',')
      out += "\",\"";
    else if (c != '"' && c != '\\')
      out += c;
  }
  out += "\"]";
}

}  // namespace

dialect::hub::Wire error_wire(const ProviderRuntime& provider, std::string_view body) {
  using dialect::hub::Wire;
  if (provider.platform == Platform::bedrock) return Wire::converse;
  const bool googles = provider.platform == Platform::vertex &&
                       body.find("\"type\":\"error\"") == body.npos &&
                       body.find("\"type\": \"error\"") == body.npos;
  return googles ? Wire::gemini : provider.wire;
}

void append_anthropic_lines(ForeignCall& foreign, const net::RequestHead& head,
                            const ProviderRuntime& provider) {
  const bool same_dialect = foreign.bridge.client == dialect::hub::Wire::anthropic;
  std::string& out = foreign.head_lines;
  if (provider.platform != Platform::vertex && provider.platform != Platform::bedrock) {
    const std::string_view version =
        same_dialect ? head.fields.find("anthropic-version") : std::string_view();
    out += "anthropic-version: ";
    out += version.empty() ? std::string_view("2023-06-01") : version;
    out += "\r\n";
  }
  if (!same_dialect) return;
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const net::FieldView field = head.fields[i];
    if (net::equals_folded(field.name, "anthropic-beta"))
      keep_betas(foreign, provider, field.value);
  }
  if (foreign.betas.empty() || provider.platform == Platform::bedrock) return;
  out.append("anthropic-beta: ").append(foreign.betas).append("\r\n");
}

void host_messages(std::string_view body, Platform platform, std::string_view betas,
                   std::string& out) {
  const bool bedrock = platform == Platform::bedrock;
  out = "{\"anthropic_version\":\"";
  out += bedrock ? "bedrock-2023-05-31" : "vertex-2023-10-16";
  out += '"';
  if (bedrock && !betas.empty()) {
    out += ",\"anthropic_beta\":";
    append_list(out, betas);
  }
  dialect::JsonCursor cursor(body);
  std::string_view key;
  if (!cursor.open('{')) return;
  for (bool first = true; cursor.next_member(first, key);) {
    const std::size_t begin = cursor.offset();
    if (!cursor.skip_value()) return;
    const bool ours = key == "model" || key == "anthropic_version" ||
                      (bedrock && (key == "stream" || key == "anthropic_beta"));
    if (ours) continue;
    out.append(",\"").append(key).append("\":");
    out += body.substr(begin, cursor.end_of_previous() - begin);
  }
  out += '}';
}

void make_signed_lines(ForeignCall& foreign, const ProviderRuntime& provider,
                       const dialect::SplicedBody& body, Instant now) {
  foreign.signed_lines.clear();
  if (!foreign.credentials) return;
  const std::string_view token = foreign.credentials->token.reveal();
  if (!token.empty()) {
    foreign.signed_lines.append("authorization: Bearer ").append(token).append("\r\n");
    return;
  }
  const std::string hash = cloud::sha256_hex(body.parts());
  const std::string_view path = path_in(foreign.request_line);
  cloud::append_signed_lines(foreign.signed_lines, {provider.host, path, hash},
                             foreign.credentials->aws, {provider.region, "bedrock"}, now);
}

}  // namespace steelyard
