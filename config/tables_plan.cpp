// Plans: seats, included quotas, packs.
#include "config/fields.h"
#include "config/tables.h"

namespace steelyard {
namespace {

using Q = QuotaSpec;

// One of `money`, `tokens` and `uses` says how much.
struct Amount {
  QuotaUnit unit = QuotaUnit::money;
  std::int64_t value = 0;
  int given = 0;
};

template <class T>
Field<T> money_amount(Amount T::*member, std::string doc) {
  return custom<T>("money", money_shape(), std::move(doc),
                   [=](BindContext& context, const YamlNode& node, T& out) {
                     const auto text = context.text(node, "dollars such as `$2,000`");
                     if (!text) return;
                     const Parsed<NanoUsd> money = parse_money(*text);
                     if (!money) return context.wrong_value("C0205", node, money.error());
                     const int given = (out.*member).given + 1;
                     out.*member = {QuotaUnit::money, money->v, given};
                   });
}

template <class T>
Field<T> count_amount(QuotaUnit unit, Amount T::*member, std::string doc) {
  return custom<T>(unit_word(unit), count_shape(), std::move(doc),
                   [=](BindContext& context, const YamlNode& node, T& out) {
                     const auto value =
                         bind_integer(context, node, parse_count, "C0201", "a number", 1,
                                      1'000'000'000'000'000, written_count);
                     const int given = (out.*member).given + 1;
                     if (value) out.*member = {unit, *value, given};
                   });
}

struct PackDraft {
  PackSpec spec;
  Amount adds;
  bool has_price = false;
};

const Table<PackDraft>& packs_table() {
  using P = PackDraft;
  static const Table<P> table{
      "packs",
      "`packs`",
      "Bought without asking when a quota is used up; their price is booked as a fee.",
      {required(custom<P>("price", money_shape(), "of one pack",
                          [](BindContext& context, const YamlNode& node, P& out) {
                            const auto text = context.text(node, "dollars such as `$50`");
                            if (!text) return;
                            const Parsed<NanoUsd> money = parse_money(*text);
                            if (!money) return context.wrong_value("C0205", node, money.error());
                            out.spec.price = *money;
                          })),
       money_amount<P>(&P::adds, "what one pack adds to a quota of money"),
       count_amount<P>(QuotaUnit::tokens, &P::adds, "to one of tokens"),
       count_amount<P>(QuotaUnit::uses, &P::adds, "to one of uses"),
       custom<P>(
           "most", count_shape(), "so many in one window of the quota",
           [](BindContext& context, const YamlNode& node, P& out) {
             if (const auto value = bind_integer(context, node, parse_count, "C0201", "a number", 1,
                                                 1'000'000, written_count))
               out.spec.most = *value;
           },
           "1")},
      {}};
  return table;
}

struct QuotaDraft {
  QuotaSpec spec;
  Amount amount;
  PackDraft packs;
  SourceSpan packs_at;
  bool has_packs = false;
  SourceSpan at;
};

std::vector<std::pair<std::string, PlanWindow>> windows() {
  return {{"hour", PlanWindow::hour},       {"day", PlanWindow::day},
          {"week", PlanWindow::week},       {"month", PlanWindow::month},
          {"quarter", PlanWindow::quarter}, {"year", PlanWindow::year}};
}

template <class T>
Field<T> lifted(Field<Q> field) {
  auto bind = [inner = std::move(field.bind)](BindContext& context, const YamlNode& node, T& out) {
    inner(context, node, out.spec);
  };
  return {std::move(field.info), std::move(bind)};
}

void bind_packs(BindContext& context, const YamlNode& node, QuotaDraft& out) {
  out.has_packs = bind_map(context, node, node.at, packs_table(), out.packs);
  out.packs_at = node.at;
}

// False: reported.
bool take_packs(BindContext& context, QuotaDraft& draft) {
  if (!draft.has_packs) return true;
  if (draft.packs.adds.given == 1 && draft.packs.adds.unit == draft.amount.unit) {
    draft.spec.packs = draft.packs.spec;
    draft.spec.packs.adds = draft.packs.adds.value;
    return true;
  }
  context.sink.error("C0104", draft.packs_at, "a pack adds what its quota counts",
                     std::string("expected `") + unit_word(draft.amount.unit) + "`", "");
  return false;
}

// `then: refuse`, or `then: {max_tier: standard}`
void bind_then(BindContext& context, const YamlNode& node, QuotaDraft& out) {
  if (node.kind == YamlNode::Kind::map) {
    const YamlNode* tier = node.find("max_tier");
    if (tier == nullptr || node.entries.size() != 1)
      return context.wrong_type(node, "`refuse` or `{max_tier: standard}`");
    if (auto name = bind_name(context, *tier)) out.spec.then_tier = std::move(*name);
    out.spec.then_at = tier->at;
    return;
  }
  (void)bind_choice(context, node, {"refuse"});
}

const Table<QuotaDraft>& quota_table() {
  using D = QuotaDraft;
  static const Table<D> table{
      "quota",
      "a quota",
      "What is included. One of `money`, `tokens` and `uses`.",
      {money_amount<D>(&D::amount, "so much of what the models cost"),
       count_amount<D>(QuotaUnit::tokens, &D::amount, "so many tokens, input and output together"),
       count_amount<D>(QuotaUnit::uses, &D::amount, "so many requests answered"),
       custom<D>("tier", name_shape(), "`uses`: only of requests that are held to this tier",
                 [](BindContext& context, const YamlNode& node, D& out) {
                   if (auto name = bind_name(context, node)) out.spec.tier = std::move(*name);
                   out.spec.tier_at = node.at;
                 }),
       lifted<D>(choice<Q, PlanWindow>("per", &Q::per, windows(), "the window it is for")),
       custom<D>("packs", object_shape("packs"), "what is bought when it is used up", bind_packs),
       custom<D>("then", either_shape({choice_shape({"refuse"}), object_shape("threshold")}),
                 "used up, packs too: refused, or served by tiers up to this one", bind_then,
                 "refuse")},
      {}};
  return table;
}

void bind_included(BindContext& context, const YamlNode& node, PlanSpec& out) {
  for (const YamlNode* item : list_items(context, node, "a list of quota maps", false)) {
    QuotaDraft draft;
    draft.spec.at = item->at;
    if (!bind_map(context, *item, item->at, quota_table(), draft)) continue;
    if (draft.amount.given != 1) {
      context.sink.error("C0104", item->at, "a quota has one of `money`, `tokens` and `uses`",
                         draft.amount.given == 0 ? "has none" : "has several", "");
      continue;
    }
    if (!take_packs(context, draft)) continue;
    draft.spec.unit = draft.amount.unit;
    draft.spec.amount = draft.amount.value;
    out.included.push_back(std::move(draft.spec));
  }
}

}  // namespace

const Table<PlanSpec>& plan_table() {
  using P = PlanSpec;
  static const Table<P> table{
      "plan",
      "`plan`",
      "What the team has bought: seats, what is included, packs beyond that. Fees are booked in "
      "the "
      "ledger, in budgets of their own.",
      {integer<P>("seats", &P::seats, 0, 1'000'000, "how many seats are paid for"),
       custom<P>("seat_fee", money_shape(), "of one seat, for each window",
                 [](BindContext& context, const YamlNode& node, P& out) {
                   const auto text = context.text(node, "dollars such as `$20`");
                   if (!text) return;
                   const Parsed<NanoUsd> money = parse_money(*text);
                   if (!money) return context.wrong_value("C0205", node, money.error());
                   out.seat_fee = *money;
                 }),
       choice<P, PlanWindow>("per", &P::per, windows(), "the window that fees are for"),
       time_zone<P>("time_zone", &P::time_zone, "where all windows of the plan begin"),
       custom<P>("included", list_shape(object_shape("quota")), "quotas; every one must have room",
                 bind_included)},
      {}};
  return table;
}

void append_plan_parts(std::vector<TableInfo>& out) {
  out.push_back(plan_table().info());
  out.push_back(quota_table().info());
  out.push_back(packs_table().info());
}

}  // namespace steelyard
