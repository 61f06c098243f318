// What may be passed through.
#include "config/fields.h"
#include "config/tables.h"

namespace steelyard {
namespace {

using R = PassRuleSpec;

std::optional<NanoUsd> bind_money(BindContext& context, const YamlNode& node) {
  const std::optional<std::string> text = context.text(node, "an amount such as `$0.04`");
  if (!text) return std::nullopt;
  const Parsed<NanoUsd> money = parse_money(*text);
  if (money) return *money;
  context.sink.error("C0205", node.at, "`" + node.text + "` is not an amount of money",
                     money.error(), "");
  return std::nullopt;
}

Field<R> money_field(std::string key, std::optional<NanoUsd> R::*member, std::string doc) {
  return custom<R>(std::move(key), money_shape(), std::move(doc),
                   [member](BindContext& context, const YamlNode& node, R& out) {
                     out.*member = bind_money(context, node);
                   });
}

Field<R> methods_field() {
  static const std::vector<std::pair<std::string, PassMethod>> all{{"GET", PassMethod::get},
                                                                   {"POST", PassMethod::post},
                                                                   {"PUT", PassMethod::put},
                                                                   {"PATCH", PassMethod::patch},
                                                                   {"DELETE", PassMethod::del}};
  std::vector<std::string> names;
  names.reserve(all.size());
  for (const auto& [name, bit] : all) names.push_back(name);
  return custom<R>(
      "methods", one_or_list_shape(choice_shape(names)), "which methods; by default GET and POST",
      [names](BindContext& context, const YamlNode& node, R& out) {
        out.methods = 0;
        for (const YamlNode* item : list_items(context, node, "a list of methods", true))
          if (const auto i = bind_choice(context, *item, names))
            out.methods =
                static_cast<std::uint8_t>(out.methods | static_cast<unsigned>(all[*i].second));
      });
}

}  // namespace

const Table<PassRuleSpec>& pass_table() {
  static const Table<R> table{
      "pass_through",
      "a pass-through rule",
      "Paths of a provider that are passed on as they are: `/{provider}/{path}`.",
      {required(custom<R>("provider", name_shape(), "the provider's name in this file",
                          [](BindContext& context, const YamlNode& node, R& out) {
                            if (auto name = bind_name(context, node))
                              out.provider = {std::move(*name), node.at};
                          })),
       required(globs<R>("paths", &R::paths,
                         "paths behind the provider's name and its version: `/images/*`")),
       methods_field(),
       money_field("price_per_call", &R::price_per_call,
                   "what a call costs that is no error; `$0` where it is free"),
       money_field("hold", &R::hold,
                   "the most a call may cost: held before, and settled from the usage it reports "
                   "by the catalogue's prices, in full where it reports none"),
       integer<R>(
           "hold_tokens", &R::hold_tokens, 1, 1'000'000'000,
           "the most tokens a call may take, held in a team's quotas of tokens; what it takes "
           "beyond is counted, and the next one refused")},
      {}};
  return table;
}

}  // namespace steelyard
