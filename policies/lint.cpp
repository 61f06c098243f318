// Rules that can never match because an earlier one decides all their requests. Only certain cases
// are reported: every condition of the earlier rule follows from one of the later rule's.
#include <algorithm>

#include "policies/compiler.h"

namespace steelyard::policies {
namespace {

bool covers(const GlobList& a, const GlobList& b) {
  if (a.empty()) return true;
  if (b.empty())
    return std::any_of(a.globs.begin(), a.globs.end(), [](const Glob& g) { return g.any(); });
  return std::all_of(b.globs.begin(), b.globs.end(), [&](const Glob& narrow) {
    return std::any_of(a.globs.begin(), a.globs.end(), [&](const Glob& wide) {
      return wide.any() || wide.pattern() == narrow.pattern() ||
             (narrow.literal() && wide.matches(narrow.pattern()));
    });
  });
}

bool covers(const Bounds& a, const Bounds& b) {
  return (a.from <= b.from || a.from <= 0) && a.to >= b.to;
}

bool covers(const ModelCondition& a, const ModelCondition& b) {
  if (!a.given) return true;
  if (!b.given) return covers(a.globs, b.globs);  // `*`
  return (a.automatic || !b.automatic) && (b.tiers & ~a.tiers) == 0 &&
         ModelMask(b.models).remove(a.models).empty() && covers(a.globs, b.globs);
}

// One span of minutes within another, neither wrapping; or the same.
bool covers(const TimeCondition& a, const TimeCondition& b) {
  if (!a.given) return true;
  const bool always = a.weekdays == 0x7F && a.minute_from == 0 && a.minute_to == 1440;
  if (always) return true;
  if (!b.given || a.zone != b.zone || (b.weekdays & ~a.weekdays) != 0) return false;
  if (a.minute_from == b.minute_from && a.minute_to == b.minute_to) return true;
  const bool wraps = a.minute_from > a.minute_to || b.minute_from > b.minute_to;
  return !wraps && a.minute_from <= b.minute_from && a.minute_to >= b.minute_to;
}

bool covers(const Rule& a, const Rule& b) {
  return (a.flags_mask & ~b.flags_mask) == 0 && (b.flags_value & a.flags_mask) == a.flags_value &&
         covers(a.input_tokens, b.input_tokens) && covers(a.output_tokens, b.output_tokens) &&
         covers(a.turns, b.turns) && covers(a.user_turns, b.user_turns) &&
         covers(a.organisation, b.organisation) && covers(a.team, b.team) && covers(a.key, b.key) &&
         covers(a.client, b.client) && covers(a.client_version, b.client_version) &&
         covers(a.request_class, b.request_class) && covers(a.agent, b.agent) &&
         covers(a.tag, b.tag) && covers(a.model, b.model) && covers(a.time, b.time);
}

}  // namespace

void Compiler::find_unreachable() {
  const std::vector<Rule>& rules = out_.rules.rules_;
  for (std::size_t later = 1; later < rules.size(); ++later) {
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      const Rule& first = rules[earlier];
      if ((first.then_continue && !first.deny) || !covers(first, rules[later])) continue;
      Problem& problem = report(Severity::error, "P0412", rules[later].at,
                                "policy `" + rules[later].name +
                                    "` can never match: every request it matches is " +
                                    (first.deny ? "denied" : "decided") + " first",
                                "move it up, or narrow `" + first.name + "`");
      problem.note = "by this policy";
      problem.note_at = first.at;
      break;
    }
  }
}

}  // namespace steelyard::policies
