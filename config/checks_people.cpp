// Keys are unique, budgets make sense together.
#include <algorithm>
#include <map>
#include <string>

#include "config/checks.h"
#include "config/types/sha256.h"

namespace steelyard {
namespace {

std::string written(NanoUsd amount) {
  std::string whole = std::to_string(amount.v / 1'000'000'000);
  for (std::size_t i = whole.size(); i > 3; i -= 3) whole.insert(i - 3, ",");
  std::string cents = std::to_string(amount.v % 1'000'000'000 + 1'000'000'000).substr(1);
  while (!cents.empty() && cents.back() == '0') cents.pop_back();
  return "$" + whole + (cents.empty() ? "" : "." + cents);
}

// `starts: sun` is for weeks, `starts: 15` for months, `starts: apr` for quarters and years.
void check_starts(const std::vector<BudgetSpec>& budgets, DiagnosticSink& sink) {
  for (const BudgetSpec& budget : budgets) {
    const StartsBy wanted = starts_by(budget.per);
    if (budget.starts_as == StartsBy::nothing || budget.starts_as == wanted) continue;
    constexpr const char* hints[] = {"leave `starts` out", "write a weekday: `starts: mon`",
                                     "write a day of the month: `starts: 15`",
                                     "write a month: `starts: apr`"};
    sink.add({Severity::error,
              "C0419",
              std::string("a ") + window_word(budget.per) + " does not start like this",
              {budget.at, "of this budget"},
              {},
              hints[static_cast<int>(wanted)]});
  }
}

bool same_window(const BudgetSpec& a, const BudgetSpec& b) {
  return a.per == b.per && a.time_zone == b.time_zone && a.starts == b.starts &&
         a.rolling_s == b.rolling_s && a.of == b.of && a.of_name == b.of_name;
}

void check_twice(const std::vector<BudgetSpec>& budgets, DiagnosticSink& sink) {
  check_starts(budgets, sink);
  for (std::size_t i = 1; i < budgets.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (!same_window(budgets[i], budgets[k])) continue;
      sink.add({Severity::warning,
                "C0417",
                std::string("two budgets for the same ") + window_word(budgets[i].per),
                {budgets[i].at, "the smaller one decides"},
                {{budgets[k].at, "the other one"}},
                "keep one of the two"});
      return;
    }
  }
}

// A team's budget above its organisation's promises what cannot be spent.
void check_within(const std::vector<BudgetSpec>& inner, const std::vector<BudgetSpec>& outer,
                  const std::string& who, DiagnosticSink& sink) {
  for (const BudgetSpec& budget : inner) {
    for (const BudgetSpec& above : outer) {
      const NanoUsd most = above.enforced_limit();
      const bool alike = budget.per == above.per && budget.rolling_s == above.rolling_s;
      if (!alike || above.of != BudgetOf::all || budget.limit <= most) continue;
      sink.add({Severity::warning,
                "C0416",
                "the budget of " + who + " is larger than the one above it",
                {budget.at, written(budget.limit) + " can never be spent"},
                {{above.at, "at most " + written(most)}},
                ""});
    }
  }
}

struct Seen {
  std::map<std::string, SourceSpan> ids;
  std::map<Sha256Digest, SourceSpan> hashes;
};

void check_key(const KeySpec& key, const TeamSpec& team, Seen& seen, DiagnosticSink& sink) {
  const auto [id, new_id] = seen.ids.emplace(key.id, key.at);
  if (!new_id) {
    sink.add({Severity::error,
              "C0401",
              "two keys have the id `" + key.id + "`",
              {key.at, "the second one"},
              {{id->second, "the first one"}},
              "ids name keys in logs and reports: give this one its own"});
  }
  check_twice(key.budgets, sink);
  check_within(key.budgets, team.budgets, "key `" + key.id + "`", sink);
  if (key.sha256 == Sha256Digest{}) return;  // refused already
  const auto [hash, new_hash] = seen.hashes.emplace(key.sha256, key.at);
  if (!new_hash && new_id) {
    sink.add({Severity::error,
              "C0401",
              "two entries for one and the same key",
              {key.at, "the same hash"},
              {{hash->second, "first written here"}},
              "a key belongs to one team: remove one of the two"});
  }
}

bool counts_users(const std::vector<BudgetSpec>& budgets) {
  return std::any_of(budgets.begin(), budgets.end(), [](const BudgetSpec& budget) {
    return budget.of == BudgetOf::user || budget.of == BudgetOf::each_user;
  });
}

// Budgets by user need somebody who says who the user is.
void check_users(const TeamSpec& team, const OrganisationSpec& organisation, DiagnosticSink& sink) {
  if (team.trust_user) return;
  bool wanted = counts_users(team.budgets) || counts_users(organisation.budgets);
  for (const ProjectSpec& project : team.projects) wanted |= counts_users(project.budgets);
  const KeySpec* nameless = nullptr;
  for (const KeySpec& key : team.keys)
    if (key.user.empty() && (wanted || counts_users(key.budgets))) nameless = &key;
  if (nameless == nullptr) return;
  sink.warning("C0425", nameless->at,
               "budgets count by user, but nothing says who uses key `" + nameless->id + "`",
               "all its requests count as one user without a name",
               "write `user:` here, or `trust_user: true` in the team");
}

void check_projects(const TeamSpec& team, const OrganisationSpec& organisation,
                    DiagnosticSink& sink) {
  for (const ProjectSpec& project : team.projects) {
    check_twice(project.budgets, sink);
    check_within(project.budgets, team.budgets, "project `" + project.name + "`", sink);
    check_within(project.budgets, organisation.budgets, "project `" + project.name + "`", sink);
  }
  for (const KeySpec& key : team.keys) {
    const auto named = [&](const ProjectSpec& project) { return project.name == key.project; };
    if (key.project.empty() || std::any_of(team.projects.begin(), team.projects.end(), named))
      continue;
    sink.error("C0426", key.at, "team `" + team.name + "` has no project `" + key.project + "`",
               "key `" + key.id + "` names it", "add it under `projects:` of the team");
  }
}

void check_team(const TeamSpec& team, const OrganisationSpec& organisation, Seen& seen,
                DiagnosticSink& sink) {
  if (team.keys.empty()) {
    sink.warning("C0420", team.at, "team `" + team.name + "` has no keys", "nobody can use it",
                 "add `keys: [{ id: ..., sha256: ... }]`");
  }
  check_twice(team.budgets, sink);
  check_within(team.budgets, organisation.budgets, "team `" + team.name + "`", sink);
  for (const KeySpec& key : team.keys) check_key(key, team, seen, sink);
  check_projects(team, organisation, sink);
  check_users(team, organisation, sink);
}

// A rule that names no provider would never match; one with two prices has none.
void check_pass(const GatewaySpec& spec, const std::vector<PassRuleSpec>& rules,
                DiagnosticSink& sink) {
  for (const PassRuleSpec& rule : rules) {
    const bool known = std::any_of(spec.providers.begin(), spec.providers.end(),
                                   [&](const auto& p) { return p.name == rule.provider.value; });
    if (!known && !rule.provider.value.empty())
      sink.error("C0440", rule.provider.at, "there is no provider `" + rule.provider.value + "`",
                 "not in `providers`", "name one of this file's providers");
    if (rule.price_per_call && rule.hold)
      sink.error("C0441", rule.at, "`price_per_call` and `hold` exclude each other", "has both",
                 "a fixed price needs no bound: remove `hold`");
  }
}

void check_access(const GatewaySpec& spec, const std::vector<std::string>& globs, SourceSpan at,
                  DiagnosticSink& sink) {
  for (const std::string& glob : globs) {
    if (glob != "*") check_model_glob(spec, glob, at, sink);
  }
}

}  // namespace

void check_people(const GatewaySpec& spec, DiagnosticSink& sink) {
  Seen seen;
  for (const OrganisationSpec& organisation : spec.organisations) {
    check_twice(organisation.budgets, sink);
    if (organisation.teams.empty()) {
      sink.warning("C0405", organisation.at,
                   "organisation `" + organisation.name + "` has no teams",
                   organisation.budgets.empty() ? "nobody can use it" : "nobody spends its budgets",
                   "add `teams:` with keys");
    }
    for (const TeamSpec& team : organisation.teams) {
      check_team(team, organisation, seen, sink);
      check_pass(spec, team.pass_through, sink);
      for (const KeySpec& key : team.keys) check_pass(spec, key.pass_through, sink);
      if (spec.models.empty()) continue;
      check_access(spec, team.allow, team.at, sink);
      check_access(spec, team.deny, team.at, sink);
      for (const KeySpec& key : team.keys) {
        check_access(spec, key.allow, key.at, sink);
        check_access(spec, key.deny, key.at, sink);
      }
    }
  }
}

}  // namespace steelyard
