#include "router/explain_parts.h"

#include <algorithm>
#include <numeric>

#include "router/catalog.h"

namespace steelyard::router {

void pad(std::string& text, std::size_t columns) {
  const auto width = static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  text.append(width < columns ? columns - width : 1, ' ');
}

void append_count(std::string& out, std::int64_t value) {
  const std::string digits = std::to_string(value < 0 ? -value : value);
  if (value < 0) out += '-';
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
}

void append_usd(std::string& out, NanoUsd amount) {
  constexpr std::uint64_t dollar = 1'000'000'000;
  const std::uint64_t value = amount.v < 0 ? 0 - static_cast<std::uint64_t>(amount.v)
                                           : static_cast<std::uint64_t>(amount.v);
  if (amount.v < 0) out += '-';
  out += '$';
  append_count(out, static_cast<std::int64_t>(value / dollar));
  std::string fraction = std::to_string(value % dollar);
  fraction.insert(0, 9 - fraction.size(), '0');
  while (fraction.size() > 2 && fraction.back() == '0') fraction.pop_back();
  out.append(".").append(fraction);
}

const char* per_text(WindowKind per) {
  switch (per) {
    case WindowKind::day: return "today";
    case WindowKind::month: return "this month";
    case WindowKind::lifetime: return "in all";
    case WindowKind::hour: return "this hour";
    case WindowKind::week: return "this week";
    case WindowKind::quarter: return "this quarter";
    case WindowKind::year: return "this year";
    case WindowKind::rolling: return "lately";
  }
  return "";
}

const char* name_of(WindowKind per) {
  return window_word(per);
}

std::string label_of(const Catalog& catalog, const Candidate& candidate) {
  std::string label = catalog.model(candidate.model).name;
  if (candidate.target != no_target) {
    const auto provider = static_cast<std::size_t>(catalog.target(candidate.target).provider);
    label.append(" @ ").append(catalog.providers()[provider]);
  }
  return label;
}

void append_tier(std::string& out, const Catalog& catalog, std::int32_t tier) {
  const Tier& t = catalog.tiers()[static_cast<std::size_t>(tier)];
  const auto tenths = [](double value) {
    const auto n = static_cast<std::int64_t>(value * 10 + (value < 0 ? -0.5 : 0.5));
    std::string text = std::to_string(n / 10);
    if (n % 10 != 0) text.append(".").append(std::to_string(n % 10));
    return text;
  };
  out.append("tier ").append(t.name).append(": score ").append(tenths(t.min_score));
  out.append(" or better, ").append(tenths(t.confidence * 100)).append(" % sure");
}

std::vector<std::uint16_t> in_order(const Plan& plan) {
  std::vector<std::uint16_t> order(plan.candidate_count);
  std::iota(order.begin(), order.end(), std::uint16_t{0});
  const auto rank = [&](std::uint16_t i) {
    const Candidate& c = plan.candidates[i];
    if (c.place > 0) return static_cast<int>(c.place);
    return c.reason == Reason::ok ? 100 : 200;
  };
  std::stable_sort(order.begin(), order.end(), [&](std::uint16_t a, std::uint16_t b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    if (rank(a) == 100) return plan.candidates[a].expected < plan.candidates[b].expected;
    return plan.candidates[a].reason > plan.candidates[b].reason;  // nearly fit before hopeless
  });
  return order;
}

}  // namespace steelyard::router
