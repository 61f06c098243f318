// Providers and tiers.
#include <algorithm>
#include <charconv>

#include "config/fields.h"
#include "config/presets.h"
#include "config/tables.h"

namespace steelyard {
namespace {

// scheme://host[:port][/path]: nothing in it that would change where a key is sent.
bool valid_base_url(std::string_view url) {
  const bool secure = url.starts_with("https://");
  if (!secure && !url.starts_with("http://")) return false;
  url.remove_prefix(secure ? 8 : 7);
  const std::string_view authority = url.substr(0, url.find('/'));
  if (url.find_first_of(" \t\n\"<>\\^`{|}?#@") != std::string_view::npos) return false;
  std::string_view host = authority;
  const std::size_t colon = authority.rfind(':');
  const bool bracketed = authority.starts_with('[');
  if (colon != std::string_view::npos && (!bracketed || authority.rfind(']') < colon)) {
    host = authority.substr(0, colon);
    const std::string_view port = authority.substr(colon + 1);
    std::uint16_t number = 0;
    const auto done = std::from_chars(port.data(), port.data() + port.size(), number);
    if (done.ec != std::errc{} || done.ptr != port.data() + port.size() || number == 0)
      return false;
  }
  if (bracketed) return host.size() > 4 && host.ends_with(']');
  return !host.empty() && host.size() <= 253 &&
         host.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
             std::string_view::npos;
}

using P = ProviderSpec;

void bind_base_url(BindContext& context, const YamlNode& node, P& out) {
  std::optional<std::string> url = context.text(node, "a URL such as `https://api.openai.com/v1`");
  if (!url) return;
  if (!valid_base_url(*url)) {
    return context.wrong_value(
        "C0207", node,
        "expected a URL such as `https://api.openai.com/v1`: no query, no user name");
  }
  while (url->ends_with('/')) url->pop_back();
  out.base_url = {std::move(*url), node.at};
}

void bind_keys(BindContext& context, const YamlNode& node, P& out) {
  for (const YamlNode* item : list_items(context, node, "a list of secrets", true)) {
    std::optional<Secret> key = context.secret(*item, "a secret such as `${env:OPENAI_API_KEY}`");
    if (!key) continue;
    const std::string_view bytes = key->reveal();
    const bool sendable =
        std::all_of(bytes.begin(), bytes.end(), [](char c) { return c > 0x20 && c < 0x7F; });
    if (!sendable) {
      context.sink.error("C0213", item->at, "this key holds blanks or control characters",
                         "cannot be sent in a header",
                         "check for a stray line break in its source");
      continue;
    }
    out.keys.push_back(std::move(*key));
  }
}

// Becomes part of every request's address.
Field<P> path_word(std::string key, std::string P::*member, std::string doc, std::string example) {
  const std::string what = "a word such as `" + example + "`";
  const auto bind = [=](BindContext& context, const YamlNode& node, P& out) {
    std::optional<std::string> text = context.text(node, what);
    if (!text) return;
    const bool fits =
        !text->empty() && text->size() <= 63 && std::all_of(text->begin(), text->end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        });
    if (!fits) return context.wrong_value("C0230", node, "expected " + what);
    out.*member = std::move(*text);
  };
  return custom<P>(std::move(key), text_shape(what, "[a-z0-9-]{1,63}"), std::move(doc), bind);
}

void bind_rename(BindContext& context, const YamlNode& node, P& out) {
  if (node.kind != YamlNode::Kind::map) {
    return context.wrong_type(node, "a map from catalogue names to the provider's own");
  }
  for (const YamlEntry& entry : node.entries) {
    auto name = bind_glob(context, entry.value);
    if (!name) continue;
    const auto stars = [](const std::string& text) {
      return std::count(text.begin(), text.end(), '*');
    };
    if (stars(entry.key) > 1 || stars(*name) > stars(entry.key))
      context.wrong_value("C0215", entry.value,
                          "expected at most one `*`, and none without one on the left");
    else
      out.rename[entry.key] = std::move(*name);
  }
}

struct QuirkRow {
  const char* key;
  bool ProviderQuirks::*member;
  const char* doc;
};
constexpr QuirkRow quirk_rows[] = {
    {"include_usage", &ProviderQuirks::include_usage, "accepts `stream_options.include_usage`"},
    {"max_completion_tokens", &ProviderQuirks::max_completion_tokens,
     "wants `max_completion_tokens`, not `max_tokens`"},
    {"max_tokens_only", &ProviderQuirks::max_tokens_only,
     "knows `max_tokens` alone (DeepSeek, Mistral): a client's "
     "`max_completion_tokens` gets that name"},
    {"reasoning_exclusive", &ProviderQuirks::reasoning_exclusive,
     "its `completion_tokens` leaves reasoning out (xAI); where it reports a total, "
     "that decides"},
    {"count_tokens", &ProviderQuirks::count_tokens,
     "has its dialect's endpoint that counts tokens (Anthropic, Gemini); without it "
     "they are counted here"},
    {"ends_without_done", &ProviderQuirks::ends_without_done,
     "its streams end with a finish reason, without `[DONE]` (Perplexity, some "
     "self-hosted servers)"},
    {"reasoning_content", &ProviderQuirks::reasoning_content,
     "Chat, for clients of other dialects: wants earlier thinking back as "
     "`reasoning_content`, an empty one too, which turns with calls of Chat's own "
     "clients get as well (DeepSeek, Kimi, GLM, Qwen)"},
    {"reasoning_details", &ProviderQuirks::reasoning_details,
     "likewise: wants it back as `reasoning_details`, sealed state included "
     "(OpenRouter)"},
    {"system_anywhere", &ProviderQuirks::system_anywhere,
     "likewise: takes system messages in the middle; else they become marked text of "
     "the user, in their place (Mistral, chat templates of many open models)"},
    {"cache_marks", &ProviderQuirks::cache_marks,
     "likewise: takes `cache_control` on parts and tools (OpenRouter, DashScope)"},
    {"top_k", &ProviderQuirks::top_k, "likewise: takes `top_k`"},
    {"short_tool_ids", &ProviderQuirks::short_tool_ids,
     "Chat: wants ids of tool calls of nine letters and digits (Mistral); others are replaced, "
     "alike in the call and in its result, Chat's own clients' too"},
};

const Table<ProviderQuirks>& quirks_table() {
  static const Table<ProviderQuirks> table = [] {
    Table<ProviderQuirks> made{"quirks", "`quirks`", "Differences on the wire.", {}, {}};
    for (const QuirkRow& row : quirk_rows)
      made.fields.push_back(boolean<ProviderQuirks>(row.key, row.member, row.doc));
    return made;
  }();
  return table;
}

Field<RateHeaderSpec> field_name(std::string key, std::string RateHeaderSpec::*member,
                                 std::string doc) {
  const auto bind = [=](BindContext& context, const YamlNode& node, RateHeaderSpec& out) {
    std::optional<std::string> text = context.text(node, "a head field such as `x-remaining`");
    if (!text) return;
    const bool fits =
        !text->empty() && text->size() <= 64 && std::all_of(text->begin(), text->end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        });
    if (!fits)
      return context.wrong_value("C0230", node, "expected a head field in lower-case letters");
    out.*member = std::move(*text);
  };
  return custom<RateHeaderSpec>(std::move(key), text_shape("a head field", "[a-z0-9-]{1,64}"),
                                std::move(doc), bind);
}

const Table<RateHeaderSpec>& rate_header_table() {
  using R = RateHeaderSpec;
  static const Table<R> table{
      "rate_header",
      "a pair of head fields",
      "What an answer says of its key's rate limit. With several keys, one that has nothing left "
      "rests until it has.",
      {required(field_name("remaining", &R::remaining, "how many are left: a number")),
       field_name("reset", &R::reset,
                  "until when: `6m0s`, `20ms`, seconds, or a time; without it, a minute")},
      {}};
  return table;
}

Field<P> keys_field() {
  return custom<P>(
      "keys", one_or_list_shape(text_shape("a secret: `${env:NAME}` or `${file:path}`")),
      "its keys, used in turn, but for one conversation always the same as long as it is not "
      "refused; none for a self-hosted server without",
      bind_keys);
}

Field<P> body_field() {
  return custom<P>("body", map_shape(any_shape("true, false, a number, text, a list or a map")),
                   "members that every body for it gets, in its dialect, unless the client says "
                   "them: `{ provider: { order: [groq] } }`",
                   bind_body);
}

Field<P> dialect_field() {
  const std::vector<std::string> dialects{"openai", "responses", "anthropic", "gemini", "converse"};
  return custom<P>(
      "dialect", choice_shape(dialects),
      "the API it speaks: `openai` is Chat Completions, `responses` is OpenAI's Responses, "
      "`converse` is Amazon Bedrock's",
      [=](BindContext& context, const YamlNode& node, P& out) {
        if (const auto i = bind_choice(context, node, dialects)) out.dialect = dialects[*i];
      },
      "openai");
}

Field<TierSpec> score_field(std::string key, double TierSpec::*member, double min, double max,
                            std::string doc, std::string standard) {
  auto bind = [=](BindContext& context, const YamlNode& node, TierSpec& out) {
    const std::optional<std::string> text = context.text(node, "a number");
    if (!text) return;
    const Parsed<double> value = parse_score(*text);
    if (!value) return context.wrong_value("C0201", node, value.error());
    if (*value < min || *value > max) {
      context.sink.error("C0202", node.at, "`" + node.text + "` is out of range",
                         "expected " + doc);
      return;
    }
    out.*member = *value;
  };
  return custom<TierSpec>(std::move(key), number_shape(0, 100), doc, bind, std::move(standard));
}

}  // namespace

const Table<ProviderSpec>& provider_table() {
  static const Table<P> table{
      "provider",
      "a provider",
      "One upstream account.",
      {dialect_field(),
       text<P>("like", &P::like,
               "a preset that says what is not said here; by default its own name"),
       custom<P>("base_url", text_shape("a URL such as `https://api.openai.com/v1`"),
                 "where it is reached; needed unless a preset says it", bind_base_url),
       choice<P, KeyField>("auth", &P::key_field,
                           {{"default", KeyField::by_dialect},
                            {"bearer", KeyField::bearer},
                            {"x-api-key", KeyField::x_api_key},
                            {"x-goog-api-key", KeyField::x_goog_api_key},
                            {"api-key", KeyField::api_key}},
                           "the head field its key goes into; `default` is its dialect's own"),
       choice<P, Platform>("platform", &P::platform,
                           {{"vendor", Platform::vendor},
                            {"azure", Platform::azure},
                            {"vertex", Platform::vertex},
                            {"bedrock", Platform::bedrock}},
                           "whose house it is in: clouds have paths, bodies and credentials of "
                           "their own"),
       path_word("api_version", &P::api_version,
                 "Azure's `api-version`; with a dated one the path names the deployment, without "
                 "one (or `preview`) it is `/openai/v1`",
                 "2024-10-21"),
       path_word("region", &P::region,
                 "of Vertex and Bedrock: the base URL follows from it, and Bedrock's signatures "
                 "name it",
                 "us-east-1"),
       path_word("project", &P::project, "of Vertex: the base URL follows from it", "my-project"),
       object<P, CredentialSpec>("credentials", &P::credentials, credential_table,
                                 "who we are, where it is not a key"),
       globs<P>("betas", &P::betas,
                "the `anthropic-beta` values it takes; others are left out, with the fields of the "
                "body that belong to them, and told"),
       keys_field(),
       boolean<P>("one_account", &P::one_account,
                  "its keys belong to one account: a conversation with signed or encrypted "
                  "thinking may go on with another of them; else it waits for its own"),
       custom<P>("headers", map_shape(text_shape("what the field says, or a secret")),
                 "head fields that every request to it carries: `{ x-title: search }`",
                 bind_headers),
       body_field(),
       globs<P>("models", &P::models,
                "catalogue models it serves; without it, those of the vendor it is named after"),
       custom<P>("rename", map_shape(text_shape("the provider's name for the model")),
                 "catalogue name, or a pattern with one `*`, to the provider's own name",
                 bind_rename),
       path<P>("ca_file", &P::ca_file, "PEM bundle to trust instead of the system's"),
       integer<P>("connections_max", &P::connections_max, 1, 65'535, "connections per worker"),
       list_of<P, RateHeaderSpec>("rate_headers", &P::rate_headers, rate_header_table,
                                  "where its answers say what a key has left; without it, as its "
                                  "dialect's maker has it"),
       object<P, ProviderQuirks>("quirks", &P::quirks, quirks_table, "differences on the wire")},
      {{"regions", "leave it out; data residency comes later"}}};
  return table;
}

void bind_providers(BindContext& context, const YamlNode& node, std::vector<ProviderSpec>& out) {
  if (node.kind != YamlNode::Kind::map)
    return context.wrong_type(node, "a map from names to provider maps");
  for (const YamlEntry& entry : node.entries) {
    ProviderSpec provider;
    provider.name = entry.key;
    provider.at = entry.key_at;
    provider.models.clear();  // empty: named after a vendor, filled when the catalogue is known
    if (!valid_name(entry.key)) {
      context.sink.error("C0214", entry.key_at, "`" + entry.key + "` cannot be a name",
                         "not a name", name_help);
      continue;
    }
    const std::size_t errors = context.sink.errors();
    bind_map(context, entry.value, entry.key_at, provider_table(), provider);
    if (context.sink.errors() == errors) {
      finish_provider(context, provider);
      check_headers(context, provider);
    }
    out.push_back(std::move(provider));
  }
}

const Table<PresetDraft>& preset_table() {
  static const Table<PresetDraft> table{
      "presets",
      "a file of presets",
      "What is known about providers: the main file adds keys.",
      {required(custom<PresetDraft>(
          "providers", map_shape(object_shape("provider")), "a map from names to providers",
          [](BindContext& context, const YamlNode& node, PresetDraft& out) {
            if (node.kind != YamlNode::Kind::map)
              return context.wrong_type(node, "a map from names to provider maps");
            // A base URL with a name of the customer's in it cannot be known: it may be missing.
            for (const YamlEntry& entry : node.entries) {
              ProviderSpec provider;
              provider.name = entry.key;
              bind_map(context, entry.value, entry.key_at, provider_table(), provider);
              out.providers.push_back(std::move(provider));
            }
          }))},
      {}};
  return table;
}

const Table<TierSpec>& tier_table() {
  static const Table<TierSpec> table{
      "tier",
      "a tier",
      "A promise of quality: only models with evidence for it are used.",
      {required(
           score_field("min_score", &TierSpec::min_score, 0, 100, "a score from 0 to 100", "")),
       score_field("confidence", &TierSpec::confidence, 0.5, 0.9999,
                   "a probability from 0.5 to 0.9999", "0.5")},
      {}};
  return table;
}

void append_provider_parts(std::vector<TableInfo>& out) {
  out.push_back(provider_table().info());
  out.push_back(quirks_table().info());
  out.push_back(credential_table().info());
  out.push_back(rate_header_table().info());
  out.push_back(tier_table().info());
}

}  // namespace steelyard
