// Policies.
#include "config/fields.h"
#include "config/tables.h"
#include "config/weekdays.h"

namespace steelyard {
namespace {

Shape hours_shape() {
  return text_shape("hours such as `08:00-18:00`; may wrap midnight",
                    "[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]");
}

const Table<TokenRange>& range_table() {
  using R = TokenRange;
  const auto bound = [](std::string key, std::optional<std::int64_t> R::*member, std::string doc) {
    return custom<R>(std::move(key), count_shape(), std::move(doc),
                     [=](BindContext& context, const YamlNode& node, R& out) {
                       out.*member = bind_integer(context, node, parse_count, "C0201",
                                                  "a number such as `4000` or `4k`", 0,
                                                  1'000'000'000'000, written_count);
                     });
  };
  static const Table<R> table{"range",
                              "a range",
                              "At least one of the two.",
                              {bound("below", &R::below, "strictly below"),
                               bound("at_least", &R::at_least, "this or more")},
                              {}};
  return table;
}

template <class T>
Field<T> range(std::string key, std::optional<TokenRange> T::*member, std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, T& out) {
    TokenRange bounds;
    if (!bind_map(context, node, node.at, range_table(), bounds)) return;
    const bool empty = node.entries.empty() ||
                       (bounds.below && bounds.at_least && *bounds.below <= *bounds.at_least);
    if (empty) {
      context.sink.error("C0202", node.at, "no number is in this range", "never holds",
                         "write `{ at_least: 1k, below: 4k }`");
      return;
    }
    out.*member = bounds;
  };
  return custom<T>(std::move(key), object_shape("range"), std::move(doc), bind);
}

const Table<WhenSpec>& when_table() {
  using W = WhenSpec;
  Field<W> weekdays = custom<W>("weekdays", weekdays_shape(), "days of the week",
                                [](BindContext& context, const YamlNode& node, W& out) {
                                  const std::uint8_t bits = bind_weekdays(context, node);
                                  for (std::size_t day = 0; day < 7; ++day) {
                                    if ((bits >> day & 1) != 0)
                                      out.weekdays.push_back(weekday_names[day]);
                                  }
                                });
  Field<W> hours = custom<W>("hours", hours_shape(), "hours of the day",
                             [](BindContext& context, const YamlNode& node, W& out) {
                               const std::optional<std::string> text =
                                   context.text(node, "hours such as `08:00-18:00`");
                               if (!text) return;
                               const Parsed<MinuteRange> parsed = parse_hours(*text);
                               if (!parsed)
                                 return context.wrong_value("C0211", node, parsed.error());
                               out.hours = *text;
                             });
  static const Table<W> table{
      "when",
      "`when`",
      "Conditions; all that are written must hold, a list holds if one of it does.",
      {globs<W>("organisation", &W::organisation, "the caller's organisation"),
       globs<W>("team", &W::team, "the caller's team"),
       globs<W>("key", &W::key, "id of the caller's key"),
       globs<W>("model", &W::model, "what the client asked for: a model, `auto`, `tier:standard`"),
       globs<W>("client", &W::client, "the client program, such as `claude-code`"),
       globs<W>("client_version", &W::client_version,
                "its version as it says it, such as `2.1.*`; unknown ones match no glob but `*`"),
       globs<W>("request_class", &W::request_class,
                "what a coding agent says the request is for: `main`, `subagent`, `workflow`, "
                "`compaction`, `auxiliary`, `prewarm`"),
       globs<W>("agent", &W::agent, "the kind of agent that asks, such as `Explore` or `Plan`"),
       globs<W>("tag", &W::tag, "one of `x-steelyard-tags`"),
       boolean<W>("tools", &W::tools, "the request offers tools"),
       boolean<W>("images", &W::images, "the request holds images"),
       boolean<W>("stream", &W::stream, "the answer is streamed"),
       boolean<W>("structured_output", &W::structured_output, "the answer must fit a schema"),
       boolean<W>("reasoning", &W::reasoning, "the request asks for reasoning"),
       boolean<W>("tool_loop", &W::tool_loop, "the last message is the result of a tool"),
       boolean<W>("signed_blocks", &W::signed_blocks,
                  "earlier answers hold thinking that their provider signed or encrypted"),
       boolean<W>("warm", &W::warm,
                  "the model that served the conversation last may still have it in its cache"),
       range<W>("input_tokens", &W::input_tokens, "tokens of the prompt, as counted"),
       range<W>("output_tokens", &W::output_tokens, "the client's maximum"),
       range<W>("turns", &W::turns, "messages in the conversation"),
       range<W>("user_turns", &W::user_turns, "messages that a user wrote"),
       std::move(weekdays),
       std::move(hours),
       time_zone<W>("time_zone", &W::time_zone, "for `weekdays` and `hours`")},
      {}};
  return table;
}

const std::vector<std::pair<std::string, EscalateOn>>& escalations() {
  static const std::vector<std::pair<std::string, EscalateOn>> all{
      {"empty", EscalateOn::empty},
      {"refusal", EscalateOn::refusal},
      {"truncated", EscalateOn::truncated},
      {"invalid_json", EscalateOn::invalid_json},
      {"malformed_tool_call", EscalateOn::malformed_tool_call}};
  return all;
}

Field<UseSpec> escalate_field() {
  std::vector<std::string> names;
  for (const auto& [name, bit] : escalations()) names.push_back(name);
  return custom<UseSpec>(
      "escalate_on", one_or_list_shape(choice_shape(names)),
      "answers that are tried again on the next tier",
      [=](BindContext& context, const YamlNode& node, UseSpec& out) {
        for (const YamlNode* item : list_items(context, node, "a list of reasons", true)) {
          const auto i = bind_choice(context, *item, names);
          if (i)
            out.escalate_on = static_cast<std::uint8_t>(
                out.escalate_on | static_cast<unsigned>(escalations()[*i].second));
        }
      });
}

const Table<UseSpec>& use_table() {
  using U = UseSpec;
  Field<U> tier = custom<U>("tier", name_shape(), "the quality to be met",
                            [](BindContext& context, const YamlNode& node, U& out) {
                              if (auto name = bind_name(context, node))
                                out.tier = {std::move(*name), node.at};
                            });
  Field<U> cap = custom<U>("output_tokens_max", count_shape(), "cap on the answer",
                           [](BindContext& context, const YamlNode& node, U& out) {
                             out.output_tokens_max =
                                 bind_integer(context, node, parse_count, "C0201",
                                              "a number of tokens", 1, 100'000'000, written_count);
                           });
  Field<U> session = custom<U>(
      "session", choice_shape({"sticky", "free"}), "`sticky`: a conversation stays on its model",
      [](BindContext& context, const YamlNode& node, U& out) {
        if (const auto i = bind_choice(context, node, {"sticky", "free"})) out.sticky = *i == 0;
      },
      "free");
  Field<U> on_loss = custom<U>(
      "on_loss", choice_shape({"warn", "reject"}),
      "what another dialect cannot carry: `warn` tells the client and the receipt, `reject` "
      "answers "
      "400 instead",
      [](BindContext& context, const YamlNode& node, U& out) {
        if (const auto i = bind_choice(context, node, {"warn", "reject"}))
          out.reject_losses = *i == 1;
      },
      "warn");
  Field<U> over = custom<U>(
      "over_budget", choice_shape({"refuse", "lower"}),
      "when the longest answer costs more than a budget has: `lower` lowers the request's limit on "
      "output to what fits, and says so in `x-steelyard-output-tokens-max`",
      [](BindContext& context, const YamlNode& node, U& out) {
        if (const auto i = bind_choice(context, node, {"refuse", "lower"}))
          out.lower_output = *i == 1;
      },
      "refuse");
  Field<U> tags =
      custom<U>("tags", one_or_list_shape(name_shape()), "added to the receipt",
                [](BindContext& context, const YamlNode& node, U& out) {
                  for (const YamlNode* item : list_items(context, node, "a list of tags", true)) {
                    if (auto name = bind_name(context, *item)) out.tags.push_back(std::move(*name));
                  }
                });
  static const Table<U> table{
      "use",
      "`use`",
      "What a request that matches is served with.",
      {std::move(tier), globs<U>("models", &U::models, "only these models"),
       globs<U>("exclude", &U::exclude, "never these models"), std::move(cap), escalate_field(),
       std::move(session), std::move(on_loss), std::move(over),
       boolean<U>("override_model", &U::override_model,
                  "decides also when the client named a real model"),
       std::move(tags)},
      {{"shadow", "leave it out; shadow traffic comes later"}}};
  return table;
}

using P = PolicySpec;

std::vector<Field<P>> policy_fields() {
  return {required(custom<P>("name", name_shape(), "unique; shown in receipts and `explain`",
                             [](BindContext& context, const YamlNode& node, P& out) {
                               if (auto name = bind_name(context, node))
                                 out.name = std::move(*name);
                               out.at = node.at;
                             })),
          object<P, WhenSpec>("when", &P::when, when_table,
                              "conditions; without it, every request matches"),
          custom<P>("use", object_shape("use"), "what it is served with",
                    [](BindContext& context, const YamlNode& node, P& out) {
                      bind_map(context, node, node.at, use_table(), out.use.emplace());
                    }),
          custom<P>("deny", text_shape("a sentence for the caller"), "refuses, with this reason",
                    [](BindContext& context, const YamlNode& node, P& out) {
                      if (auto reason = context.text(node, "the reason, a sentence for the caller"))
                        out.deny = std::move(*reason);
                    }),
          custom<P>(
              "then", choice_shape({"stop", "continue"}),
              "`continue`: later policies may add to this one",
              [](BindContext& context, const YamlNode& node, P& out) {
                if (const auto i = bind_choice(context, node, {"stop", "continue"}))
                  out.then_continue = *i == 1;
              },
              "stop")};
}

}  // namespace

const Table<PolicySpec>& policy_table() {
  static const Table<P> table{"policy",
                              "a policy",
                              "One rule: when it matches, what is used, or why it is refused.",
                              policy_fields(),
                              {}};
  return table;
}

const Table<PolicyFileDraft>& policy_file_table() {
  using F = PolicyFileDraft;
  static const Table<F> table{"policies",
                              "a policy file",
                              "A policy file.",
                              {required(list_of<F>("policies", &F::policies, policy_table,
                                                   "rules in order; the first match decides"))},
                              {}};
  return table;
}

std::vector<TableInfo> policy_tables() {
  return {policy_file_table().info(), policy_table().info(), when_table().info(),
          use_table().info(), range_table().info()};
}

}  // namespace steelyard
