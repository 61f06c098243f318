// Organisations, teams, keys.
#include "config/fields.h"
#include "config/tables.h"
#include "config/types/sha256.h"

namespace steelyard {
namespace {

struct ModelAccess {
  std::vector<std::string> allow{"*"}, deny;
};

const Table<ModelAccess>& access_table() {
  using A = ModelAccess;
  static const Table<A> table{"models",
                              "`models`",
                              "Which models may be used.",
                              {globs<A>("allow", &A::allow, "only these; `*` is all"),
                               globs<A>("deny", &A::deny, "never these, even when allowed")},
                              {}};
  return table;
}

template <class T>
Field<T> models_field() {
  return custom<T>("models", object_shape("models"), "which models may be used",
                   [](BindContext& context, const YamlNode& node, T& out) {
                     ModelAccess access;
                     bind_map(context, node, node.at, access_table(), access);
                     out.allow = std::move(access.allow);
                     out.deny = std::move(access.deny);
                   });
}

// Either form of a client key ends as a hash; `given` remembers that there was one.
struct KeyDraft {
  KeySpec spec;
  int given = 0;
};

void bind_key_hash(BindContext& context, const YamlNode& node, KeyDraft& out) {
  ++out.given;
  const std::optional<std::string> hex = context.text(node, "64 hexadecimal digits");
  if (!hex) return;
  const std::optional<Sha256Digest> digest = sha256_from_hex(*hex);
  if (digest) {
    out.spec.sha256 = *digest;
    return;
  }
  const bool whole_key = hex->starts_with("sk-");
  if (whole_key) context.redact(node.at);
  context.sink.error(
      "C0213", node.at, "this is not a SHA-256 hash", "expected 64 hexadecimal digits",
      whole_key
          ? "this looks like the key itself: replace it, and write `printf %s KEY | sha256sum`"
          : "`printf %s \"$KEY\" | sha256sum` prints it");
}

void bind_key_text(BindContext& context, const YamlNode& node, KeyDraft& out) {
  constexpr std::size_t key_bytes_min = 16;
  ++out.given;
  const std::optional<Secret> key = context.secret(node, "a secret such as `${env:TEAM_KEY}`");
  if (!key) return;
  if (key->reveal().size() < key_bytes_min) {
    context.sink.error("C0213", node.at, "this key is shorter than 16 characters", "can be guessed",
                       "`openssl rand -hex 24` makes a good one");
    return;
  }
  out.spec.sha256 = sha256(key->reveal());
}

// A row made for KeySpec, for the draft around it.
Field<KeyDraft> lifted(Field<KeySpec> field) {
  auto bind = [inner = std::move(field.bind)](BindContext& context, const YamlNode& node,
                                              KeyDraft& out) { inner(context, node, out.spec); };
  return {std::move(field.info), std::move(bind)};
}

const std::pair<std::string, std::string> later_plan{"plan", "write it in a team"};
const std::pair<std::string, std::string> later_pace{"pace", "write it in a budget"};

const Table<KeyDraft>& key_table() {
  using K = KeySpec;
  static const Table<KeyDraft> table{
      "key",
      "a key",
      "A client key. One of `sha256` and `key`.",
      {required(lifted(custom<K>("id", name_shape(), "public name, shown in logs and reports",
                                 [](BindContext& context, const YamlNode& node, K& out) {
                                   if (auto name = bind_name(context, node))
                                     out.id = std::move(*name);
                                 }))),
       custom<KeyDraft>("sha256", text_shape("64 hexadecimal digits", "[0-9a-fA-F]{64}"),
                        "SHA-256 of the key as clients send it", bind_key_hash),
       custom<KeyDraft>("key", text_shape("a secret: `${env:NAME}` or `${file:path}`"),
                        "the key itself; hashed when loaded", bind_key_text),
       lifted(list_of<K>("budgets", &K::budgets, budget_table, "budgets of this key")),
       lifted(models_field<K>()),
       lifted(list_of<K>("pass_through", &K::pass_through, pass_table,
                         "paths of providers that pass as they are, instead of the team's")),
       lifted(boolean<K>("explain", &K::may_explain, "may ask why a model was chosen")),
       lifted(custom<K>("project", name_shape(), "the project of the team that pays",
                        [](BindContext& context, const YamlNode& node, K& out) {
                          if (auto name = bind_name(context, node)) out.project = std::move(*name);
                        })),
       lifted(custom<K>("user", name_shape(), "whose key it is, for budgets by user",
                        [](BindContext& context, const YamlNode& node, K& out) {
                          if (auto name = bind_name(context, node)) out.user = std::move(*name);
                        })),
       lifted(object<K>("rate", &K::rate, rate_table, "requests and tokens of this key"))},
      {later_plan, later_pace}};
  return table;
}

void bind_keys(BindContext& context, const YamlNode& node, TeamSpec& out) {
  for (const YamlNode* item : list_items(context, node, "a list of key maps", false)) {
    KeyDraft draft;
    draft.spec.at = item->at;
    if (!bind_map(context, *item, item->at, key_table(), draft)) continue;
    if (draft.given != 1) {
      context.sink.error(
          "C0104", item->at,
          draft.given == 0 ? "a key needs `sha256` or `key`" : "a key has either `sha256` or `key`",
          draft.given == 0 ? "no way to recognise it" : "has both",
          "write `sha256`: `printf %s \"$KEY\" | sha256sum` prints it");
      continue;
    }
    out.keys.push_back(std::move(draft.spec));
  }
}

const Table<ProjectSpec>& project_table() {
  using P = ProjectSpec;
  static const Table<P> table{"project",
                              "a project",
                              "A project of a team: budgets over the keys that name it.",
                              {list_of<P>("budgets", &P::budgets, budget_table,
                                          "budgets of all keys of the project together")},
                              {}};
  return table;
}

const Table<TeamSpec>& team_table() {
  using T = TeamSpec;
  static const Table<T> table{
      "team",
      "a team",
      "A team: keys and budgets.",
      {custom<T>("keys", list_shape(object_shape("key")), "client keys", bind_keys),
       list_of<T>("budgets", &T::budgets, budget_table,
                  "budgets of the team; every one must have room"),
       custom<T>("plan", object_shape("plan"), "what the team has bought",
                 [](BindContext& context, const YamlNode& node, T& out) {
                   out.plan.at = node.at;
                   bind_map(context, node, node.at, plan_table(), out.plan);
                 }),
       models_field<T>(),
       list_of<T>("pass_through", &T::pass_through, pass_table,
                  "paths of providers that pass as they are; none without it"),
       map_of<T>("projects", &T::projects, project_table, "a map from names to projects"),
       object<T>("rate", &T::rate, rate_table, "requests and tokens of all its keys together"),
       boolean<T>("trust_user", &T::trust_user,
                  "a request may say who its user is: `user`, or Anthropic's `metadata.user_id`")},
      {later_pace, {"users", "write `budgets: [{ each: user, limit: $5, per: day }]`"}}};
  return table;
}

}  // namespace

const Table<OrganisationSpec>& organisation_table() {
  using O = OrganisationSpec;
  static const Table<O> table{
      "organisation",
      "an organisation",
      "An organisation: teams, and budgets over all of them.",
      {map_of<O>("teams", &O::teams, team_table, "a map from names to teams"),
       list_of<O>("budgets", &O::budgets, budget_table, "budgets of all teams together"),
       object<O>("rate", &O::rate, rate_table, "requests and tokens of all teams together")},
      {later_plan, later_pace, {"models", "write it in each team"}}};
  return table;
}

void append_people_parts(std::vector<TableInfo>& out) {
  out.push_back(organisation_table().info());
  out.push_back(team_table().info());
  out.push_back(project_table().info());
  out.push_back(key_table().info());
  out.push_back(access_table().info());
  out.push_back(pass_table().info());
  out.push_back(budget_table().info());
  out.push_back(rate_table().info());
  append_plan_parts(out);
  out.push_back({"threshold",
                 "A cap on the tier.",
                 {{"max_tier", "no tier above this one", "", true, name_shape()}}});
}

}  // namespace steelyard
