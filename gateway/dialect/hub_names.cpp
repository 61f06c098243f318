#include "gateway/dialect/hub_names.h"

#include <cstdint>

namespace steelyard::dialect::hub {
namespace {

constexpr std::size_t short_most = 64, long_most = 128, kept_bytes = 47;

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// FNV-1a, 64 bits: only to keep names apart.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14'695'981'039'346'656'037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211u;
  return hash;
}

}  // namespace

bool is_legal_name(Wire provider, std::string_view name) {
  const bool gemini = provider == Wire::gemini;
  const bool lengthy = gemini || provider == Wire::anthropic;
  if (name.size() > (lengthy ? long_most : short_most)) return false;
  for (const char c : name)
    if (!plain(c) && !(gemini && (c == '.' || c == ':'))) return false;
  const bool digit = !name.empty() && ((name[0] >= '0' && name[0] <= '9') || name[0] == '-');
  return !(gemini && digit);
}

void append_legal_name(std::string& out, std::string_view name) {
  const bool letter = !name.empty() && plain(name[0]) && name[0] > '9';
  if (!letter) out += '_';  // Gemini wants a letter or this first
  for (const char c : name.substr(0, kept_bytes - 1)) out += plain(c) ? c : '_';
  out += '_';
  std::uint64_t hash = hash_of(name);
  for (int i = 0; i < 16; ++i, hash <<= 4) out += "0123456789abcdef"[hash >> 60];
}

std::string_view ToolRenames::told(std::string_view name) {
  for (const Pair& pair : names_)
    if (pair.original == name) return pair.told;
  Pair& pair = names_.emplace_back();
  pair.original = name;
  append_legal_name(pair.told, name);
  return pair.told;
}

void ToolRenames::apply(Wire provider, Request& request) {
  const auto rename = [&](std::string_view& name) {
    if (!name.empty() && !is_legal_name(provider, name)) name = told(name);
  };
  for (Tool& tool : request.tools)
    if (tool.kind != ToolKind::native) rename(tool.name);
  rename(request.tool_choice_name);
  for (Part& part : request.parts)
    if (part.kind == PartKind::tool_use || part.kind == PartKind::tool_result) rename(part.name);
}

std::string_view ToolRenames::original(std::string_view name) const {
  for (const Pair& pair : names_)
    if (pair.told == name) return pair.original;
  return name;
}

void NameRestorer::take(const Event& event) {
  const bool call = event.kind == EventKind::open && event.block == BlockKind::tool_call;
  if (!call || names_ == nullptr || names_->empty()) return next_.take(event);
  Event own = event;
  own.name = names_->original(event.name);
  next_.take(own);
}

}  // namespace steelyard::dialect::hub
