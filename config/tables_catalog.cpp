// Catalogue files: models.
#include <algorithm>

#include "config/fields.h"
#include "config/price_draft.h"
#include "config/tables.h"
#include "config/tables_price.h"

namespace steelyard {
namespace {

Shape date_shape() {
  return text_shape("a date such as `2026-11-30`", "[0-9]{4}-[0-9]{2}-[0-9]{2}");
}

std::optional<std::string> bind_date(BindContext& context, const YamlNode& node) {
  std::optional<std::string> text = context.text(node, "a date such as `2026-11-30`");
  if (!text) return text;
  if (text->size() == 10 && parse_instant(*text)) return text;
  context.wrong_value("C0209", node, "expected a date such as `2026-11-30`");
  return std::nullopt;
}

Field<Score> points(std::string key, double Score::*member, double min, std::string doc,
                    std::string standard) {
  auto bind = [=](BindContext& context, const YamlNode& node, Score& out) {
    const std::optional<std::string> text = context.text(node, "a number");
    if (!text) return;
    const Parsed<double> value = parse_score(*text);
    if (!value) return context.wrong_value("C0201", node, value.error());
    if (*value < min || *value > 100) {
      context.sink.error("C0202", node.at, "`" + node.text + "` is out of range",
                         "expected score points, at most 100");
      return;
    }
    out.*member = *value;
  };
  return custom<Score>(std::move(key), number_shape(0, 100), std::move(doc), bind,
                       std::move(standard));
}

const Table<Score>& score_table() {
  static const Table<Score> table{
      "score",
      "a score",
      "Quality from 0 to 100, and the evidence for it.",
      {required(points("value", &Score::value, 0, "the score", "")),
       points("standard_error", &Score::standard_error, 0.01,
              "in score points: what a tier's `confidence` is tested against", "2"),
       required(text<Score>("source", &Score::source, "the index or evaluation it comes from")),
       required(custom<Score>("as_of", date_shape(), "its date",
                              [](BindContext& context, const YamlNode& node, Score& out) {
                                if (auto date = bind_date(context, node))
                                  out.as_of = std::move(*date);
                              }))},
      {}};
  return table;
}

void check_period_order(BindContext& context, ModelSpec& model, std::vector<PeriodDraft>& drafts) {
  std::stable_sort(drafts.begin(), drafts.end(), [](const PeriodDraft& a, const PeriodDraft& b) {
    return a.period.from < b.period.from;
  });
  for (std::size_t i = 0; i + 1 < drafts.size(); ++i) {
    PeriodDraft& first = drafts[i];
    const PeriodDraft& next = drafts[i + 1];
    if (!first.has_until) first.period.until = next.period.from;
    if (first.period.until <= next.period.from && first.period.from < next.period.from) continue;
    Diagnostic overlap{Severity::error,
                       "C0410",
                       "two price periods of `" + model.name + "` overlap",
                       {next.at, "begins before the other ends"},
                       {{first.at, "the other one"}},
                       "give the later one a `from`, and let the earlier one end there"};
    context.sink.add(std::move(overlap));
  }
  for (const PeriodDraft& draft : drafts) {
    if (draft.period.from < draft.period.until) continue;
    context.sink.error("C0410", draft.at, "a price period that ends before it begins",
                       "never valid", "`until` is after `from`");
  }
}

void bind_prices(BindContext& context, const YamlNode& node, ModelSpec& out) {
  std::vector<PeriodDraft> drafts;
  const std::size_t errors_before = context.sink.errors();
  for (const YamlNode* item : list_items(context, node, "a list of price periods", false)) {
    PeriodDraft draft;
    draft.at = item->at;
    if (bind_map(context, *item, item->at, period_table(), draft))
      drafts.push_back(std::move(draft));
  }
  if (node.kind == YamlNode::Kind::sequence && node.items.empty()) {
    context.sink.error("C0105", node.at, "this list is empty", "expected at least one price period",
                       "a free model has `{input: 0, output: 0}`");
  }
  if (context.sink.errors() == errors_before) check_period_order(context, out, drafts);
  for (PeriodDraft& draft : drafts) out.prices.push_back(finish(std::move(draft)));
}

const std::vector<std::pair<std::string, bool Capabilities::*>>& capabilities() {
  using C = Capabilities;
  static const std::vector<std::pair<std::string, bool C::*>> all{
      {"tools", &C::tools},         {"vision", &C::vision},
      {"reasoning", &C::reasoning}, {"structured_output", &C::structured_output},
      {"json_mode", &C::json_mode}, {"embeddings", &C::embeddings}};
  return all;
}

using M = ModelSpec;

Field<M> can_field() {
  std::vector<std::string> names;
  for (const auto& [name, member] : capabilities()) names.push_back(name);
  return custom<M>(
      "can", one_or_list_shape(choice_shape(names)), "what it can do",
      [=](BindContext& context, const YamlNode& node, M& out) {
        for (const YamlNode* item : list_items(context, node, "a list of capabilities", true)) {
          if (const auto i = bind_choice(context, *item, names))
            out.can.*capabilities()[*i].second = true;
        }
      });
}

Field<M> ratio_field() {
  return custom<M>(
      "token_ratio", percent_shape(), "its tokens per token of the counter",
      [](BindContext& context, const YamlNode& node, M& out) {
        const std::optional<std::string> text = context.text(node, "a percentage such as `118%`");
        if (!text) return;
        const Parsed<std::int32_t> percent = parse_percent(*text);
        if (!percent || *percent < 10 || *percent > 1'000) {
          return context.wrong_value("C0212", node, "expected a percentage from `10%` to `1000%`");
        }
        out.token_ratio_percent = *percent;
      },
      "100%");
}

Field<M> score_field() {
  return custom<M>("score", object_shape("score"),
                   "evidence of quality; without it, no tier may use the model",
                   [](BindContext& context, const YamlNode& node, M& out) {
                     Score score;
                     if (bind_map(context, node, node.at, score_table(), score))
                       out.score = std::move(score);
                   });
}

// Model names may hold what resellers and clouds put in theirs: "meta/llama-4:free",
// "nova-pro-v1:0".
bool valid_model_name(std::string_view name) {
  constexpr std::string_view more = "-_./:@+";
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (name.empty() || name.size() > limits::model_name_bytes_max || !plain(name.front()))
    return false;
  if (name == "auto" || name.starts_with("tier:")) return false;  // words of our own
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return plain(c) || more.find(c) != std::string_view::npos; });
}

const Table<ModelSpec>& model_table() {
  static const Table<M> table{
      "model",
      "a model",
      "One model.",
      {required(text<M>("vendor", &M::vendor, "who makes it; a provider of that name serves it")),
       required(integer<M>("context", &M::context_tokens, 1, 1'000'000'000,
                           "tokens of prompt and answer together")),
       integer<M>("output_max", &M::output_tokens_max, 1, 1'000'000'000,
                  "longest answer; without it, the context"),
       integer<M>("cache_min", &M::cache_min_tokens, 0, 100'000'000,
                  "shorter prompts are never cached"),
       can_field(), score_field(),
       text<M>(
           "tokenizer", &M::tokenizer,
           "its token family: `o200k`, `cl100k`, `qwen3`, `qwen3.5`, `deepseek-v3`, `tekken` or "
           "`file:PATH` of an imported one are counted exactly"),
       ratio_field(), globs<M>("refuses", &M::refuses, "request parameters it answers 400 to"),
       text<M>("note", &M::note, "anything a reader should know"),
       required(
           custom<M>("prices", list_shape(object_shape("price")), "prices by date", bind_prices))},
      {}};
  return table;
}

using C = CatalogDraft;

Field<C> scores_field() {
  return custom<C>("scores", map_shape(object_shape("score")),
                   "scores from your own evaluations, for models of any catalogue file",
                   [](BindContext& context, const YamlNode& node, C& out) {
                     if (node.kind != YamlNode::Kind::map)
                       return context.wrong_type(node, "a map from models to scores");
                     for (const YamlEntry& entry : node.entries) {
                       ScoreOverride score{entry.key, {}, entry.key_at};
                       if (bind_map(context, entry.value, entry.key_at, score_table(), score.score))
                         out.scores.push_back(std::move(score));
                     }
                   });
}

}  // namespace

const Table<CatalogDraft>& catalog_table() {
  static const Table<C> table{
      "models",
      "a catalogue",
      "A catalogue of models and prices.",
      {custom<C>("as_of", date_shape(), "when the prices were last checked",
                 [](BindContext& context, const YamlNode& node, C& out) {
                   if (auto date = bind_date(context, node)) out.as_of = std::move(*date);
                 }),
       map_of<C>("models", &C::models, model_table, "a map from names to models", valid_model_name),
       scores_field()},
      {}};
  return table;
}

std::vector<TableInfo> catalog_tables() {
  std::vector<TableInfo> all{catalog_table().info(), model_table().info()};
  append_price_parts(all);
  all.push_back(score_table().info());
  return all;
}

std::vector<TableInfo> gateway_tables() {
  std::vector<TableInfo> all{gateway_table().info()};
  append_gateway_parts(all);
  append_provider_parts(all);
  append_people_parts(all);
  for (TableInfo& info : policy_tables()) {
    if (info.name != "policies") all.push_back(std::move(info));
  }
  return all;
}

}  // namespace steelyard
