#include "gateway/dialect/anthropic_turns.h"

#include <algorithm>

namespace steelyard::dialect::anthropic {
namespace {

using hub::Loss;
using hub::Message;
using hub::Part;
using hub::PartKind;

constexpr std::string_view kJsonOnly =
    "Answer with one valid JSON value and nothing else: no explanation, no code fence.";

bool is_user_side(Role role) {
  return role == Role::user || role == Role::tool || role == Role::function;
}

}  // namespace

void TurnWriter::write(bool instruct_json) {
  system(instruct_json);
  messages();
}

bool TurnWriter::calls_without_thinking() const {
  const auto& all = request_.messages;
  if (all.empty() || !is_user_side(all.back().role) || !has_results(all.back())) return false;
  for (auto m = all.rbegin(); m != all.rend(); ++m) {
    if (m->role != Role::assistant) continue;
    const auto parts = parts_of(*m);
    return parts.empty() || (parts[0].kind != PartKind::redacted_thinking &&
                             !(parts[0].kind == PartKind::thinking && blocks_.shows(parts[0])));
  }
  return false;
}

bool TurnWriter::is_leading_system(std::size_t index) const {
  const Message& message = request_.messages[index];
  if (message.top_level_system) return true;
  return !same_wire() && (message.role == Role::system || message.role == Role::developer);
}

void TurnWriter::system(bool instruct) {
  while (first_ < request_.messages.size() && is_leading_system(first_)) ++first_;
  bool any = false;
  for (std::size_t i = 0; i < first_; ++i)
    for (const Part& part : parts_of(request_.messages[i])) any = any || blocks_.shows(part);
  if (!any && !instruct) return;
  json_.key("system").open('[');
  for (std::size_t i = 0; i < first_; ++i)
    for (const Part& part : parts_of(request_.messages[i])) blocks_.write(part);
  if (instruct) json_.open('{').field("type", "text").key("text").text(kJsonOnly).close('}');
  json_.close(']');
}

bool TurnWriter::has_results(const Message& message) const {
  const auto parts = parts_of(message);
  return std::any_of(parts.begin(), parts.end(),
                     [](const Part& p) { return p.kind == PartKind::tool_result; });
}
bool TurnWriter::shows(std::size_t index) const {
  const auto parts = parts_of(request_.messages[index]);
  return std::any_of(parts.begin(), parts.end(),
                     [this](const Part& p) { return blocks_.shows(p); });
}

void TurnWriter::messages() {
  json_.key("messages").open('[');
  const auto& all = request_.messages;
  const bool starts_wrong =
      !same_wire() && first_ < all.size() && all[first_].role == Role::assistant;
  if (starts_wrong || first_ == all.size()) made_user_turn();
  for (std::size_t i = first_; i < all.size();) i = same_wire() ? one(i) : turn(i);
  if (json_.out().back() == '[') made_user_turn();  // nothing but blanks was said
  json_.close(']');
}

// Anthropic wants a user's turn first. It is the same in every request of a conversation, so the
// prefix stays.
void TurnWriter::made_user_turn() {
  json_.open('{').field("role", "user").field("content", ".").close('}');
}

std::size_t TurnWriter::one(std::size_t i) {
  json_.raw(request_.messages[i].raw.of(request_.body));
  return i + 1;
}

// All results of a run of tool messages stand in one user turn, before its other text.
std::size_t TurnWriter::turn(std::size_t i) {
  const auto& all = request_.messages;
  std::size_t end = i + 1;
  if (is_user_side(all[i].role) && has_results(all[i]))
    while (end < all.size() && is_user_side(all[end].role)) ++end;
  bool any = false;
  for (std::size_t k = i; k < end; ++k) {
    any = any || shows(k);
    if (!all[k].name.empty() && all[k].role != Role::function) dropped_.add(Loss::names);
  }
  if (!any) {
    for (std::size_t k = i; k < end; ++k)
      for (const Part& part : parts_of(all[k])) blocks_.write(part);  // tells what each is
    return end;
  }
  const Role role = all[i].role;
  json_.open('{').field("role", is_user_side(role)        ? "user"
                                : role == Role::assistant ? "assistant"
                                                          : "system");
  json_.key("content").open('[');
  for (const bool results : {true, false})
    for (std::size_t k = i; k < end; ++k)
      for (const Part& part : parts_of(all[k]))
        if ((part.kind == PartKind::tool_result) == results) blocks_.write(part);
  json_.close(']').close('}');
  return end;
}

}  // namespace steelyard::dialect::anthropic
