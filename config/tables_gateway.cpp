// The main file.
#include "config/fields.h"
#include "config/tables.h"

namespace steelyard {
namespace {

constexpr std::int64_t hour = 3'600'000, day = 24 * hour;

Shape address_shape() {
  return text_shape("an address such as `127.0.0.1:8080`, `[::1]:8080` or `:8080`");
}

void bind_listen(BindContext& context, const YamlNode& node, ListenSpec& out) {
  const std::optional<std::string> text = context.text(node, "an address such as `127.0.0.1:8080`");
  if (!text) return;
  const Parsed<ListenSpec> listen = parse_listen(*text);
  if (!listen) return context.wrong_value("C0206", node, listen.error());
  out = *listen;
}

const Table<TlsFiles>& tls_table() {
  static const Table<TlsFiles> table{
      "tls",
      "`tls`",
      "TLS for clients, from PEM files.",
      {required(
           path<TlsFiles>("certificate", &TlsFiles::certificate, "certificate chain, leaf first")),
       required(path<TlsFiles>("key", &TlsFiles::key, "private key of the leaf"))},
      {}};
  return table;
}

struct AdminDraft {
  AdminSpec spec;
  SourceSpan listen_at;
};

const Table<AdminDraft>& admin_table() {
  static const Table<AdminDraft> table{
      "admin",
      "`admin`",
      "The admin listener: metrics, health, dashboard, admin API.",
      {custom<AdminDraft>(
           "listen", address_shape(), "where it listens",
           [](BindContext& context, const YamlNode& node, AdminDraft& out) {
             bind_listen(context, node, out.spec.listen);
             out.listen_at = node.at;
           },
           "127.0.0.1:8081"),
       custom<AdminDraft>("token", text_shape("a secret: `${env:NAME}` or `${file:path}`"),
                          "bearer token for `/admin/*` and, off loopback, for `/metrics`",
                          [](BindContext& context, const YamlNode& node, AdminDraft& out) {
                            out.spec.token = context.secret(node, "a secret");
                          })},
      {}};
  return table;
}

const Table<TimeoutSpec>& timeout_table() {
  using T = TimeoutSpec;
  static const Table<T> table{
      "timeouts",
      "`timeouts`",
      "How long each phase of a request may take.",
      {duration<T>("head", &T::head, 100, hour, "whole request head, from its first byte"),
       duration<T>("body", &T::body, 100, hour, "whole request body"),
       duration<T>("keep_alive", &T::keep_alive, 0, day,
                   "an idle client connection is closed after this"),
       duration<T>("connect", &T::connect, 10, hour, "TCP and TLS to a provider"),
       duration<T>("first_byte", &T::first_byte, 100, day,
                   "a provider's first byte, after the request was sent"),
       duration<T>("stream_idle", &T::stream_idle, 100, day,
                   "gap between two reads of a started answer"),
       duration<T>("stream_ping", &T::stream_ping, 100, day,
                   "silence of a started stream after which the client gets a sign of life; at or "
                   "above `stream_idle` a silent provider gets none"),
       duration<T>("stream_commit", &T::stream_commit, 100, day,
                   "a stream without content so far, as of a model that thinks out of sight, is "
                   "begun after this, and from then on gets signs of life; the price: if it fails "
                   "later, no other model is asked"),
       duration<T>("total", &T::total, 1'000, day, "the whole request, retries included"),
       duration<T>("write_stall", &T::write_stall, 100, hour,
                   "a client that does not read its answer"),
       duration<T>("drain", &T::drain, 0, day, "how long open streams may go on after SIGTERM")},
      {}};
  return table;
}

const Table<RetrySpec>& retry_table() {
  using T = RetrySpec;
  static const Table<T> table{
      "retry",
      "`retry`",
      "Retries and failover, before the first byte of an answer.",
      {integer<T>("attempts", &T::attempts, 1, limits::attempts_max,
                  "tries in all, the first one included"),
       duration<T>("retry_after_max", &T::retry_after_max_ms, 0, 60'000,
                   "a provider's longer `retry-after` means the next model instead of waiting")},
      {}};
  return table;
}

const Table<BreakerSpec>& breaker_table() {
  using T = BreakerSpec;
  static const Table<T> table{
      "breaker",
      "`breaker`",
      "When a failing provider is left alone.",
      {integer<T>("failures", &T::failures, 1, 1'000, "consecutive failures that open it"),
       duration<T>("open", &T::open_ms, 100, hour, "how long, before one probe is let through")},
      {}};
  return table;
}

const Table<OverloadSpec>& overload_table() {
  using T = OverloadSpec;
  static const Table<T> table{
      "overload",
      "`overload`",
      "When requests are turned away at once (503, `retry-after`), so that those let in go on at "
      "full speed.",
      {integer<T>("in_flight", &T::in_flight, 0, 10'000'000,
                  "requests under way at once, all workers together; 0 is as many as open files "
                  "allow"),
       duration<T>("queue_delay", &T::queue_delay_ms, 0, 60'000,
                   "a worker whose queue stands longer turns a growing share away; 0 is never")},
      {}};
  return table;
}

const Table<LogSpec>& log_table() {
  using T = LogSpec;
  Field<T> level = custom<T>(
      "level", choice_shape({"debug", "info", "warn", "error"}),
      "operational log on standard error",
      [](BindContext& context, const YamlNode& node, T& out) {
        const std::vector<std::string> levels{"debug", "info", "warn", "error"};
        if (const auto i = bind_choice(context, node, levels)) out.level = levels[*i];
      },
      "info");
  static const Table<T> table{
      "log",
      "`log`",
      "Logs.",
      {text<T>("decisions", &T::decisions,
               "decision log, one JSON object a line; `-` is standard output, empty is off"),
       std::move(level)},
      {}};
  return table;
}

const Table<AlertSpec>& alerts_table() {
  using T = AlertSpec;
  Field<T> webhook = custom<T>(
      "webhook", text_shape("a URL such as `https://hooks.example.com/budgets`"),
      "is told when a budget reaches a threshold: CloudEvents 1.0, repeated until it is taken",
      [](BindContext& context, const YamlNode& node, T& out) {
        std::optional<std::string> url = context.text(node, "a URL");
        if (!url) return;
        const bool good = url->starts_with("https://") || url->starts_with("http://");
        if (!good || url->find_first_of(" @") != std::string::npos || url->size() < 9)
          return context.wrong_value("C0203", node, "expected an http or https URL");
        out.webhook = std::move(*url);
      });
  Field<T> secret = custom<T>("secret", text_shape("a secret: `${env:NAME}` or `${file:path}`"),
                              "signs what is told, as Standard Webhooks has it: HMAC-SHA256",
                              [](BindContext& context, const YamlNode& node, T& out) {
                                out.secret = context.secret(node, "a secret");
                              });
  static const Table<T> table{"alerts",
                              "`alerts`",
                              "Who is told about budgets.",
                              {required(std::move(webhook)), std::move(secret)},
                              {}};
  return table;
}

const Table<LedgerSpec>& ledger_table() {
  using T = LedgerSpec;
  Field<T> refusal = custom<T>(
      "refusal_status", choice_shape({"429", "402"}), "HTTP status of a request over its budget",
      [](BindContext& context, const YamlNode& node, T& out) {
        const auto i = bind_choice(context, node, {"429", "402"});
        if (i) out.refusal_status = *i == 0 ? 429 : 402;
      },
      "429");
  static const Table<T> table{
      "ledger",
      "`ledger`",
      "The books.",
      {text<T>("directory", &T::directory, "where the journal is kept; empty: in memory only"),
       choice<T, Durability>("durability", &T::durability,
                             {{"relaxed", Durability::relaxed}, {"strict", Durability::strict}},
                             "`strict` waits for the disk before a provider is asked"),
       duration<T>("lease", &T::lease_ms, 1'000, day, "a hold without progress expires after this"),
       std::move(refusal)},
      {}};
  return table;
}

const Table<IdempotencySpec>& idempotency_table() {
  using T = IdempotencySpec;
  static const Table<T> table{
      "idempotency",
      "`idempotency`",
      "Requests with an `idempotency-key`: asked twice, answered twice, charged once.",
      {duration<T>("ttl", &T::ttl_ms, 60'000, 7 * day, "how long a key is remembered"),
       integer<T>("keys_max", &T::keys_max, 100, 10'000'000, "keys remembered at once"),
       bytes<T>("memory", &T::memory_bytes, 0, 64ll << 30, "for answers that may be repeated"),
       bytes<T>("answer_max", &T::answer_bytes_max, 0, 1 << 30, "longer answers are not kept")},
      {}};
  return table;
}

using G = GatewayDraft;

// A row whose value lives in the spec inside the draft.
template <class M>
Field<G> part(std::string key, M GatewaySpec::*member, const Table<M>& (*table)(),
              std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, G& out) {
    bind_map(context, node, node.at, table(), out.spec.*member);
  };
  return custom<G>(std::move(key), object_shape(table().name), std::move(doc), bind);
}

// The same for a row made for GatewaySpec.
Field<G> lifted(Field<GatewaySpec> field) {
  auto bind = [inner = std::move(field.bind)](BindContext& context, const YamlNode& node, G& out) {
    inner(context, node, out.spec);
  };
  return {std::move(field.info), std::move(bind)};
}

Field<G> listen_field() {
  return custom<G>(
      "listen", address_shape(), "where clients connect",
      [](BindContext& context, const YamlNode& node, G& out) {
        bind_listen(context, node, out.spec.listen);
        out.listen_at = node.at;
      },
      "127.0.0.1:8080");
}

Field<G> tls_field() {
  return custom<G>("tls", object_shape("tls"), "TLS for clients; without it, plain HTTP",
                   [](BindContext& context, const YamlNode& node, G& out) {
                     bind_map(context, node, node.at, tls_table(), out.spec.tls.emplace());
                   });
}

Field<G> admin_field() {
  return custom<G>("admin", object_shape("admin"), "the admin listener",
                   [](BindContext& context, const YamlNode& node, G& out) {
                     AdminDraft admin;
                     bind_map(context, node, node.at, admin_table(), admin);
                     out.spec.admin = std::move(admin.spec);
                     out.admin_at = admin.listen_at;
                   });
}

Field<G> ledger_field() {
  return custom<G>("ledger", object_shape("ledger"), "the books",
                   [](BindContext& context, const YamlNode& node, G& out) {
                     bind_map(context, node, node.at, ledger_table(), out.spec.ledger);
                     out.ledger_at = node.at;
                   });
}

Field<G> catalog_field() {
  return custom<G>(
      "catalog", one_or_list_shape(text_shape("a path or pattern, from the folder of this file")),
      "files with models and prices", [](BindContext& context, const YamlNode& node, G& out) {
        for (const YamlNode* item : list_items(context, node, "a list of files", true)) {
          if (auto path = context.path(*item, "a path"))
            out.catalog.push_back({std::move(*path), item->at});
        }
      });
}

// Read by the loader, before the rest: what is in them completes `providers`.
Field<G> presets_field() {
  return custom<G>("presets", one_or_list_shape(text_shape("a path, from the folder of this file")),
                   "files with what is known about providers, such as providers.yaml",
                   [](BindContext&, const YamlNode&, G&) {});
}

Field<G> policies_field() {
  Shape item = either_shape(
      {text_shape("a path or pattern, from the folder of this file"), object_shape("policy")});
  return custom<G>("policies", one_or_list_shape(std::move(item)),
                   "policy files, or policies written here; first match decides",
                   [](BindContext& context, const YamlNode& node, G& out) {
                     for (const YamlNode* item_node :
                          list_items(context, node, "a list of files or policies", true)) {
                       PolicySource source;
                       source.pattern.at = item_node->at;
                       if (item_node->kind == YamlNode::Kind::map) {
                         source.policy.emplace().at = item_node->at;
                         bind_map(context, *item_node, item_node->at, policy_table(),
                                  *source.policy);
                       } else if (auto path = context.path(*item_node, "a path or a policy")) {
                         source.pattern.value = std::move(*path);
                       } else {
                         continue;
                       }
                       out.policies.push_back(std::move(source));
                     }
                   });
}

Field<G> default_tier_field() {
  return custom<G>("default_tier", name_shape(),
                   "tier of `auto` when no policy decides; without it, the lowest one",
                   [](BindContext& context, const YamlNode& node, G& out) {
                     if (auto name = bind_name(context, node))
                       out.spec.default_tier = std::move(*name);
                     out.default_tier_at = node.at;
                   });
}

}  // namespace

const Table<GatewayDraft>& gateway_table() {
  using S = GatewaySpec;
  static const Table<G> table{
      "gateway",
      "the main file",
      "The main file: listeners, providers, tiers, organisations, policies.",
      {listen_field(),
       tls_field(),
       admin_field(),
       lifted(integer<S>("workers", &S::workers, 0, 1024, "threads; 0 is one per core")),
       lifted(bytes<S>("body_max", &S::body_bytes_max, 1 << 10, 1 << 30, "largest request body")),
       lifted(bytes<S>("pass_through_body_max", &S::pass_through_bytes_max, 1 << 10, 1ll << 40,
                       "largest body of a request that is passed through")),
       lifted(integer<S>("output_tokens_default", &S::output_tokens_default, 1, 10'000'000,
                         "held, and asked for upstream, when a request names no maximum")),
       lifted(
           integer<S>("web_searches_default", &S::web_searches_default, 1, 1'000,
                      "web searches of the provider that are held when a request allows them and "
                      "names no maximum")),
       lifted(choice<S, UnpricedTools>(
           "unpriced_tools", &S::unpriced_tools,
           {{"refuse", UnpricedTools::refuse}, {"pass", UnpricedTools::pass}},
           "where money is limited, a request with a tool that runs at the provider for a fee "
           "nobody "
           "here knows (file search, code interpreter, a web search without `web_search`) is "
           "refused, or passed and its fee not counted")),
       lifted(
           boolean<S>("responses_websocket", &S::responses_websocket,
                      "offers a WebSocket at `/v1/responses`, which Codex and Copilot CLI ask for; "
                      "without it they are told to send a POST")),
       part<TimeoutSpec>("timeouts", &S::timeouts, timeout_table, "time limits"),
       part<RetrySpec>("retry", &S::retry, retry_table, "retries and failover"),
       part<BreakerSpec>("breaker", &S::breaker, breaker_table, "circuit breaker per provider"),
       part<OverloadSpec>("overload", &S::overload, overload_table, "what is too much at once"),
       part<LogSpec>("log", &S::log, log_table, "logs"),
       ledger_field(),
       custom<G>("fleet", object_shape("fleet"), "several processes share their budgets",
                 [](BindContext& context, const YamlNode& node, G& out) {
                   out.spec.fleet.emplace().at = node.at;
                   bind_map(context, node, node.at, fleet_table(), *out.spec.fleet);
                 }),
       part<AlertSpec>("alerts", &S::alerts, alerts_table, "who is told about budgets"),
       part<IdempotencySpec>("idempotency", &S::idempotency, idempotency_table,
                             "requests with an `idempotency-key`"),
       required(catalog_field()),
       presets_field(),
       required(lifted(custom<S>("providers", map_shape(object_shape("provider")),
                                 "who answers: a map from names to providers",
                                 [](BindContext& context, const YamlNode& node, S& out) {
                                   bind_providers(context, node, out.providers);
                                 }))),
       lifted(map_of<S>("tiers", &S::tiers, tier_table,
                        "quality promises: a map from names to tiers")),
       default_tier_field(),
       lifted(map_of<S>("organisations", &S::organisations, organisation_table,
                        "who asks: a map from names to organisations")),
       policies_field()},
      {}};
  return table;
}

void append_gateway_parts(std::vector<TableInfo>& out) {
  for (TableInfo info :
       {tls_table().info(), admin_table().info(), timeout_table().info(), retry_table().info(),
        breaker_table().info(), overload_table().info(), log_table().info(), ledger_table().info(),
        fleet_table().info(), alerts_table().info(), idempotency_table().info()}) {
    out.push_back(std::move(info));
  }
}

}  // namespace steelyard
