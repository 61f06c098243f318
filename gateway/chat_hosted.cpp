// What clouds that host others' models want beside a translation: their own spelling of Anthropic's
// body, and proof of who we are.
#include <bit>

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

using dialect::anthropic::BetaFieldSet;

void add_beta(std::string& betas, std::string_view beta) {
  if (!betas.empty()) betas += ',';
  betas += beta;
}

// The fields that belong to the client's betas: those that are taken, and the others.
struct Paired {
  BetaFieldSet kept = 0, dropped = 0;
};

// Of one head line, "a, b": what the provider takes, behind what is in `foreign.betas`.
void keep_betas(ForeignCall& foreign, const ProviderRuntime& provider, std::string_view value,
                Paired& paired) {
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t end = std::min(value.find(',', at), value.size());
    std::string_view beta = value.substr(at, end - at);
    at = end + 1;
    while (!beta.empty() && (beta.front() == ' ' || beta.front() == '\t')) beta.remove_prefix(1);
    while (!beta.empty() && (beta.back() == ' ' || beta.back() == '\t')) beta.remove_suffix(1);
    if (beta.empty()) continue;
    if (provider.betas.empty()) {
      add_beta(foreign.betas, beta);
      continue;
    }
    const bool taken = takes_beta(provider, beta);
    (taken ? paired.kept : paired.dropped) |= dialect::anthropic::fields_of_beta(beta);
    if (taken)
      add_beta(foreign.betas, beta);
    else
      foreign.dropped.add(dialect::hub::Loss::betas);
  }
}

// Where the provider knows what the field needs by another name, it gets that, and keeps the field.
void rename_betas(ForeignCall& foreign, const ProviderRuntime& provider, BetaFieldSet& fields) {
  for (BetaFieldSet left = fields; left != 0; left &= left - 1) {
    const auto row = static_cast<std::size_t>(std::countr_zero(left));
    const std::string_view name = dialect::anthropic::beta_fields()[row].instead;
    if (name.empty() || !takes_beta(provider, name)) continue;
    fields &= ~(BetaFieldSet{1} << row);
    if (foreign.betas.find(name) == foreign.betas.npos) add_beta(foreign.betas, name);
  }
}

// Amazon refuses `eager_input_streaming` of a tool, and takes the beta that means the same. Its
// `false` is left out without a word.
void say_by_head(ForeignCall& foreign, const ProviderRuntime& provider, std::string_view body) {
  if (body.find("\"eager_input_streaming\"") == body.npos) return;
  const BetaFieldSet fields = dialect::anthropic::find_beta_fields(
      body, dialect::anthropic::fields_of_beta("fine-grained-tool-streaming-"));
  BetaFieldSet unsaid = fields;
  rename_betas(foreign, provider, unsaid);
  for (BetaFieldSet left = unsaid; left != 0; left &= left - 1) {
    const auto row = static_cast<std::size_t>(std::countr_zero(left));
    if (!dialect::anthropic::beta_fields()[row].instead.empty())
      foreign.unpaired |= BetaFieldSet{1} << row;
  }
  foreign.said_by_head = fields & ~foreign.unpaired;
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
                            std::string_view body, const ProviderRuntime& provider) {
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
  Paired paired;
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const net::FieldView field = head.fields[i];
    if (net::equals_folded(field.name, "anthropic-beta"))
      keep_betas(foreign, provider, field.value, paired);
  }
  if (paired.dropped != 0) {
    const BetaFieldSet unpaired = dialect::anthropic::only_theirs(paired.dropped, paired.kept);
    foreign.unpaired = dialect::anthropic::find_beta_fields(body, unpaired);
    rename_betas(foreign, provider, foreign.unpaired);
  }
  if (provider.platform == Platform::bedrock) say_by_head(foreign, provider, body);
  if (foreign.betas.empty() || provider.platform == Platform::bedrock) return;
  out.append("anthropic-beta: ").append(foreign.betas).append("\r\n");
}

void cut_unpaired(ForeignCall& foreign, std::string& body) {
  const BetaFieldSet unpaired = foreign.unpaired | foreign.said_by_head;
  if (unpaired == 0) return;
  std::string rest;
  const BetaFieldSet cut = dialect::anthropic::cut_beta_fields(body, unpaired, rest);
  if (cut == 0) return;
  body = std::move(rest);
  dialect::anthropic::tell_beta_fields(cut & ~foreign.said_by_head, foreign.dropped,
                                       foreign.lost_fields);
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
