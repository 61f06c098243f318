#include "gateway/paired_heads.h"

#include <algorithm>
#include <span>

namespace steelyard {
namespace {

using dialect::hub::Wire;

// Codex (research/wire 4.2): features of the body, and what keeps a turn at one place. Its body has
// the ids and the metadata as well. Which client it is, its `originator` and `user-agent`, is not
// among them.
constexpr std::string_view kResponsesRequest[] = {"openai-beta",
                                                  "x-openai-internal-codex-responses-lite",
                                                  "x-codex-beta-features",
                                                  "x-codex-turn-state",
                                                  "x-codex-turn-metadata",
                                                  "x-codex-window-id",
                                                  "x-client-request-id",
                                                  "session-id",
                                                  "session_id",
                                                  "thread-id"};
// Not `openai-model` and `x-models-etag`: the client asked for a model of the gateway's list. Not
// `x-ratelimit-*`: the account is the operator's, and shared; clients have limits of their own.
constexpr std::string_view kResponsesAnswer[] = {"x-codex-turn-state", "x-reasoning-included",
                                                 "openai-processing-ms", "openai-version"};
// What Claude Code wants of a gateway (its protocol for gateways, research/wire 4.1). A name that
// ends in '-' stands for all that begin so.
constexpr std::string_view kMessagesAnswer[] = {"request-id", "anthropic-ratelimit-unified-"};

constexpr std::string_view kSockets = "responses_websockets=";

bool is_named(std::string_view name, std::string_view listed) {
  if (listed.ends_with('-'))
    return name.size() > listed.size() &&
           net::same_name_any_case(name.substr(0, listed.size()), listed);
  return name.size() == listed.size() && net::same_name_any_case(name, listed);
}

bool is_listed(std::string_view name, std::span<const std::string_view> list) {
  return std::any_of(list.begin(), list.end(),
                     [&](std::string_view listed) { return is_named(name, listed); });
}

bool may_stand(std::string_view value) {
  return !value.empty() && value.size() <= paired_value_bytes_max &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool says(std::string_view lines, std::string_view name) {
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find("\r\n", at), lines.size());
    const std::string_view line = lines.substr(at, end - at);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        net::same_name_any_case(line.substr(0, name.size()), name))
      return true;
    at = end + 2;
  }
  return false;
}

// How the client's own connection speaks is nothing the provider's should know.
std::string without_sockets(std::string_view value) {
  std::string left;
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t end = std::min(value.find(',', at), value.size());
    std::string_view one = value.substr(at, end - at);
    at = end + 1;
    one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
    if (one.empty() || one.starts_with(kSockets)) continue;
    if (!left.empty()) left += ", ";
    left += one;
  }
  return left;
}

}  // namespace

void append_pair(std::string& out, std::string_view name, std::string_view value) {
  if (!may_stand(value) || out.size() + name.size() + value.size() > paired_bytes_max) return;
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_request_pairs(std::string& out, Wire wire, const net::RequestHead& head,
                          std::string_view own) {
  if (wire != Wire::openai_responses) return;
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const net::FieldView field = head.fields[i];
    if (!is_listed(field.name, kResponsesRequest) || says(own, field.name)) continue;
    const bool sockets = field.value.find(kSockets) != field.value.npos;
    append_pair(out, field.name, sockets ? without_sockets(field.value) : field.value);
  }
}

void append_answer_pairs(std::string& out, Wire wire, const net::ResponseHead& head) {
  std::span<const std::string_view> list;
  if (wire == Wire::anthropic) list = kMessagesAnswer;
  if (wire == Wire::openai_responses) list = kResponsesAnswer;
  if (list.empty()) return;
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const net::FieldView field = head.fields[i];
    if (is_listed(field.name, list)) append_pair(out, field.name, field.value);
  }
}

}  // namespace steelyard
