#pragma once
// RuleSet × RequestFacts → Verdict. Pure and total: same facts, same verdict, on any machine, at
// any time.
#include "policies/facts.h"
#include "policies/rule_set.h"
#include "policies/verdict.h"

namespace steelyard::policies {

enum class Trace : bool { no, yes };

// The first matching rule decides, unless it says `then: continue`; then later ones may add: masks
// are intersected, output caps take the lower, escalations and tags are joined, the first tier
// named stands. A deny stops everything.
//
// What the client asked for: x-steelyard-tier first, then `tier:NAME`, `auto`, or a catalogue
// model. A model or tier named by the client is served as asked unless a matching rule has
// `override_model`; a rule's `exclude` and denials hold always. Without any rule or wish the
// default tier is taken.
//
// Allocates nothing without a trace; a list of 300 rules costs about two microseconds
// (tests/unit/policies).
Verdict evaluate(const RuleSet& rules, const RequestFacts& facts, Trace trace = Trace::no);

// The same, for a key whose rules are known (RuleSet::rules_of its organisation, team and id) and
// into a verdict that is used again: what the hot path calls.
void evaluate(const RuleSet& rules, const KeyRules& key, const RequestFacts& facts, Trace trace,
              Verdict& verdict);

}  // namespace steelyard::policies
