#pragma once
// Names of tools that the provider's dialect does not take: too long, or with bytes it refuses
// (research/wire 2.3). Each gets a name made from it, always the same, so that nothing needs to be
// remembered between requests; on the way back the answer shows the client's own.
#include <deque>
#include <string>
#include <string_view>

#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_answer.h"

namespace steelyard::dialect::hub {

// Does the dialect take this name as it is? All escaped.
bool is_legal_name(Wire provider, std::string_view name);
// Appends the name that stands for one it does not take: its first bytes and a hash of it.
void append_legal_name(std::string& out, std::string_view name);

// Of one request. Its texts are what the request's views point at: it outlives the writing.
class ToolRenames {
 public:
  // Replaces names in declarations, choice and earlier calls. `request` views into this then.
  void apply(Wire provider, Request& request);
  bool empty() const { return names_.empty(); }
  void clear() { names_.clear(); }
  // The client's name for what the provider was told; `name` itself for all others.
  std::string_view original(std::string_view name) const;

 private:
  struct Pair {
    std::string original, told;
  };
  std::string_view told(std::string_view name);
  std::deque<Pair> names_;
};

// Events on their way from a reader, with the client's own names.
class NameRestorer final : public EventSink {
 public:
  // `names` outlives it; null: nothing was renamed.
  NameRestorer(const ToolRenames* names, EventSink& next) : names_(names), next_(next) {}
  void take(const Event& event) override;

 private:
  const ToolRenames* names_;
  EventSink& next_;
};

}  // namespace steelyard::dialect::hub
