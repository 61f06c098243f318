// What a provider's row wants changed in a body that is there, in its dialect: by span, and only
// where the row says so.
#include "gateway/chat_call.h"
#include "gateway/dialect/fixed_members.h"
#include "gateway/dialect/missing_thoughts.h"
#include "gateway/dialect/short_ids.h"
#include "gateway/runtime.h"

namespace steelyard {

// `change` writes the body it is given to another place, and says whether it did.
template <class Change>
void ChatCall::change_body(Change change) {
  auto whole = std::make_unique<std::string>(), changed = std::make_unique<std::string>();
  for (const std::string_view part : body_.parts()) *whole += part;
  if (!change(*whole, *changed)) return;
  widened_ = std::move(changed);
  body_.set(*widened_);
}

void ChatCall::fit_body(const ProviderRuntime& provider) {
  if (provider.wire == dialect::hub::Wire::anthropic) host_body(provider);
  // A conversation that another provider began has ids that this one refuses; the writer of
  // translated ones knows.
  const bool chat = provider.wire == dialect::hub::Wire::openai_chat && wire() == provider.wire;
  if (chat && provider.quirks.short_tool_ids) change_body(dialect::shorten_tool_ids);
  // A client of Chat sends turns with calls without their thoughts, which this provider refuses.
  if (chat && provider.quirks.reasoning_content) change_body(dialect::add_missing_thoughts);
  if (!provider.body.empty())
    change_body([&](const std::string& body, std::string& out) {
      return dialect::add_fixed_members(body, provider.body, out);
    });
}

// Messages as this provider takes them: without what belongs to betas that it does not take; and at
// a cloud that has the model in its path.
void ChatCall::host_body(const ProviderRuntime& provider) {
  const bool hosted = provider.platform != Platform::vendor && provider.path.names_model();
  const bool paired = (foreign_->unpaired | foreign_->said_by_head) == 0;
  if (!hosted && paired) return;
  std::string whole;
  for (const std::string_view part : body_.parts()) whole += part;
  cut_unpaired(*foreign_, whole);
  if (hosted)
    host_messages(whole, provider.platform, foreign_->betas, foreign_->body);
  else
    foreign_->body = std::move(whole);
  body_.set(foreign_->body);
}

}  // namespace steelyard
