// Several processes with one set of budgets.
#include <charconv>

#include "config/fields.h"
#include "config/tables.h"

namespace steelyard {
namespace {

template <class Integer>
bool whole_number(std::string_view text, Integer most, Integer& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty() && out <= most;
}

// redis://HOST[:PORT][/DATABASE], also valkey://
bool read_store(std::string_view text, FleetSpec& out) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view name = text.substr(0, scheme);
  if (name != "redis" && name != "valkey") return false;
  text.remove_prefix(scheme + 3);
  const std::size_t slash = text.find('/');
  std::uint32_t database = 0;
  if (slash != std::string_view::npos && slash + 1 != text.size() &&
      !whole_number(text.substr(slash + 1), 1'023u, database))
    return false;
  std::string_view place = text.substr(0, slash);
  const std::size_t colon = place.rfind(':');
  std::uint32_t port = 6379;
  if (colon != std::string_view::npos && place.back() != ']') {
    if (!whole_number(place.substr(colon + 1), 65'535u, port) || port == 0) return false;
    place = place.substr(0, colon);
  }
  if (place.starts_with('[') && place.ends_with(']')) place = place.substr(1, place.size() - 2);
  if (place.empty() || place.find_first_of("@ []?#") != std::string_view::npos) return false;
  out.host = place;
  out.port = static_cast<std::uint16_t>(port);
  out.database = static_cast<std::int32_t>(database);
  return true;
}

Field<FleetSpec> store_field() {
  return custom<FleetSpec>(
      "store", text_shape("a URL such as `redis://10.0.0.5:6379/0`", "(redis|valkey)://[^ @]+"),
      "the Redis or Valkey that all replicas use; its password is a key of its own",
      [](BindContext& context, const YamlNode& node, FleetSpec& out) {
        const std::optional<std::string> url = context.text(node, "a URL");
        if (!url || read_store(*url, out)) return;
        const char* const expected =
            "expected redis://HOST:PORT/DATABASE; user and password are keys of their own";
        if (url->find('@') == std::string::npos)
          return context.wrong_value("C0203", node, expected);
        context.redact(node.at);  // a password: nothing of it is shown
        context.sink.error("C0203", node.at, "a store's address with a user or password", expected,
                           "write `password: \"${env:NAME}\"`");
      });
}

Field<FleetSpec> name_field(const char* key, std::string FleetSpec::*member, const char* doc,
                            const char* standard) {
  return custom<FleetSpec>(
      key, name_shape(), doc,
      [member](BindContext& context, const YamlNode& node, FleetSpec& out) {
        if (auto name = bind_name(context, node)) out.*member = std::move(*name);
      },
      standard);
}

}  // namespace

const Table<FleetSpec>& fleet_table() {
  using F = FleetSpec;
  static const Table<F> table{
      "fleet",
      "`fleet`",
      "Several processes share their budgets: each is granted slices of them by one Redis or "
      "Valkey. Without it a process is alone and needs no server. Not shared: rates, which each "
      "process counts for itself.",
      {required(store_field()), text<F>("user", &F::user, "of the store's access list"),
       custom<F>("password", text_shape("a secret: `${env:NAME}` or `${file:path}`"),
                 "of the store",
                 [](BindContext& context, const YamlNode& node, F& out) {
                   out.password = context.secret(node, "a secret");
                 }),
       name_field("name", &F::name, "of the fleet: replicas of one name share", "steelyard"),
       name_field("replica", &F::replica,
                  "of this process, unique; without it, the host's name and a number kept in the "
                  "ledger's directory",
                  ""),
       duration<F>("beat", &F::beat_ms, 20, 10'000, "between two looks at the store"),
       duration<F>("wait", &F::wait_ms, 50, 30'000,
                   "that a request waits for money which other replicas hold"),
       duration<F>("lease", &F::lease_ms, 1'000, 600'000,
                   "who is silent longer counts as gone; what it was granted stays granted"),
       duration<F>("timeout", &F::timeout_ms, 50, 30'000, "of one call to the store"),
       choice<F, WhenUnreachable>(
           "when_unreachable", &F::when_unreachable,
           {{"refuse", WhenUnreachable::refuse}, {"use_slice", WhenUnreachable::use_slice}},
           "after a lease without the store: requests that a budget limits are refused, or what "
           "was "
           "granted is spent first")},
      {}};
  return table;
}

}  // namespace steelyard
