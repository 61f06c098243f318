// Doors: who can reach the listeners, and with what. Leases: do they outlast what is waited for.
#include "config/checks.h"

#include <algorithm>
#include <string>

namespace steelyard {
namespace {

bool loopback(const ListenSpec& listen) {
  return listen.host.starts_with("127.") || listen.host == "::1";
}

bool has_keys(const GatewaySpec& spec) {
  for (const OrganisationSpec& organisation : spec.organisations) {
    for (const TeamSpec& team : organisation.teams) {
      if (!team.keys.empty()) return true;
    }
  }
  return false;
}

// Does one of two addresses take the other's port?
bool collide(const ListenSpec& a, const ListenSpec& b) {
  const auto any = [](const ListenSpec& listen) {
    return listen.host == "0.0.0.0" || listen.host == "::";
  };
  return a.port != 0 && a.port == b.port && (a.host == b.host || any(a) || any(b));
}

std::string seconds(std::int64_t ms) {
  return std::to_string((ms + 999) / 1'000) + "s";
}

}  // namespace

void check_lease(const GatewayDraft& draft, DiagnosticSink& sink) {
  const TimeoutSpec& wait = draft.spec.timeouts;
  const std::int64_t longest = std::max({wait.connect, wait.first_byte, wait.stream_idle});
  // A third may be over when the wait begins: Books renews no earlier.
  const std::int64_t needed = longest + longest / 2;
  if (draft.spec.ledger.lease_ms >= needed) return;
  sink.warning("C0423", draft.ledger_at, "the lease may end while a provider is waited for",
               "a wait may take " + seconds(longest),
               "write `lease: " + seconds(needed) + "` or more, or lower `timeouts`");
}

void check_listeners(const GatewayDraft& draft, DiagnosticSink& sink) {
  const GatewaySpec& spec = draft.spec;
  if (!loopback(spec.listen) && !has_keys(spec)) {
    sink.error("C0406", draft.listen_at, "a public listener without client keys",
               "anyone who reaches it spends your money",
               "add keys under `organisations:`, or listen on `127.0.0.1`");
  }
  if (!loopback(spec.admin.listen) && !spec.admin.token) {
    sink.error("C0407", draft.admin_at, "a public admin listener without a token",
               "anyone who reaches it controls the gateway",
               "add `token: \"${env:STEELYARD_ADMIN_TOKEN}\"`, or listen on `127.0.0.1`");
  }
  if (collide(spec.listen, spec.admin.listen)) {
    sink.error("C0414", draft.listen_at.line != 0 ? draft.listen_at : draft.admin_at,
               "clients and the admin listener share one port", "taken by `admin`",
               "choose another port for one of them");
  }
}

}  // namespace steelyard
