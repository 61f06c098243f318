#include "gateway/pass_through.h"

#include <algorithm>

#include "gateway/runtime.h"

namespace steelyard {
namespace {

std::uint8_t bit_of(net::Method method) {
  switch (method) {
    case net::Method::get: return static_cast<std::uint8_t>(PassMethod::get);
    case net::Method::post: return static_cast<std::uint8_t>(PassMethod::post);
    case net::Method::put: return static_cast<std::uint8_t>(PassMethod::put);
    case net::Method::patch: return static_cast<std::uint8_t>(PassMethod::patch);
    case net::Method::del: return static_cast<std::uint8_t>(PassMethod::del);
    default: return 0;
  }
}

// "v1", "v1beta", "v1beta2": what clients put into their base URL.
bool is_version(std::string_view segment) {
  const auto digits = [&segment] {
    const std::size_t count = std::min(segment.find_first_not_of("0123456789"), segment.size());
    segment.remove_prefix(count);
    return count != 0;
  };
  if (!segment.starts_with('v')) return false;
  segment.remove_prefix(1);
  if (!digits()) return false;
  for (const std::string_view word : {"alpha", "beta"})
    if (segment.starts_with(word)) segment.remove_prefix(word.size());
  (void)digits();
  return segment.empty();
}

std::string_view without_version(std::string_view path) {
  const std::size_t end = path.find('/', 1);
  if (end == std::string_view::npos || !is_version(path.substr(1, end - 1))) return path;
  return path.substr(end);
}

}  // namespace

bool is_plain_path(std::string_view path) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~/:@!$'()*+,=";
  if (!path.starts_with('/') || path.find_first_not_of(plain) != std::string_view::npos)
    return false;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    const bool last = segment.size() == path.size();
    if (segment == "." || segment == ".." || (segment.empty() && !last)) return false;
    path.remove_prefix(segment.size());
  }
  return true;
}

PassMatch match_pass(const Runtime& runtime, const Principal* principal, net::Method method,
                     std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const std::size_t end = path.find('/', 1);
  if (end == std::string_view::npos) return {};
  const std::string_view name = path.substr(1, end - 1);
  const auto& all = runtime.providers;
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const ProviderRuntime& p) { return p.name == name; });
  if (found == all.end()) return {};
  PassMatch match;
  match.provider = static_cast<std::int32_t>(found - all.begin());
  match.rest = without_version(path.substr(end));
  if (principal == nullptr || !is_plain_path(path)) return match;
  for (const PassRule& rule : principal->pass_through) {
    if (rule.provider != match.provider || (rule.methods & bit_of(method)) == 0) continue;
    const bool hit = std::any_of(rule.paths.begin(), rule.paths.end(),
                                 [&](const auto& glob) { return glob.matches(match.rest); });
    if (!hit) continue;
    match.rule = &rule;
    break;
  }
  return match;
}

}  // namespace steelyard
