#include "gateway/mock/bill.h"

#include "config/types/json_writer.h"

namespace steelyard::mock {
namespace {

constexpr std::size_t kNamesMax = 1000;  // clients may invent names without end
constexpr std::int64_t kDollarsMax = 1'000'000;

auto bad_price(std::string_view text) {
  return fail(ErrorKind::bad_request, ErrorSource::gateway, Retry::never,
              "price `" + std::string(text) +
                  "`: expected USD per million tokens, 0 to 1000000, at most 6 decimals");
}

void append_totals(JsonWriter& json, const Totals& totals) {
  json.begin_object()
      .field("requests", totals.requests)
      .field("errors", totals.errors)
      .field("input_tokens", totals.input_tokens)
      .field("cached_tokens", totals.cached_tokens)
      .field("output_tokens", totals.output_tokens)
      .field("web_searches", totals.web_searches)
      .field("nano_usd", totals.cost.v)
      .end_object();
}

void append_charge(JsonWriter& json, const Charge& charge) {
  json.begin_object()
      .field("id", charge.id)
      .field("model", charge.model)
      .field("input_tokens", charge.input_tokens)
      .field("cached_tokens", charge.cached_tokens)
      .field("output_tokens", charge.output_tokens)
      .field("web_searches", charge.web_searches)
      .field("nano_usd", charge.cost.v)
      .field("stream", charge.stream)
      .field("end", name_of(charge.end))
      .end_object();
}

}  // namespace

Result<PicoUsd> parse_price(std::string_view text) {
  std::int64_t pico = 0;
  int decimals = -1;  // -1: before the point
  bool digits = false;
  for (char c : text) {
    if (c == '.' && decimals < 0) {
      decimals = 0;
      continue;
    }
    if (c < '0' || c > '9' || decimals == 6 || pico > kDollarsMax * 1'000'000) {
      return bad_price(text);
    }
    digits = true;
    pico = pico * 10 + (c - '0');
    if (decimals >= 0) ++decimals;
  }
  for (int i = decimals < 0 ? 0 : decimals; i < 6; ++i) pico *= 10;
  if (!digits || pico > kDollarsMax * 1'000'000) return bad_price(text);
  return PicoUsd{pico};
}

const char* name_of(End end) {
  switch (end) {
    case End::completed: return "completed";
    case End::cut: return "cut";
    case End::aborted: return "aborted";
  }
  return "unknown";
}

void Totals::add(const Charge& charge) {
  requests += 1;
  input_tokens += charge.input_tokens;
  cached_tokens += charge.cached_tokens;
  output_tokens += charge.output_tokens;
  web_searches += charge.web_searches;
  cost += charge.cost;
}

Totals& Bill::totals_of(std::string_view model) {
  const auto known = models_.find(model);
  if (known != models_.end()) return known->second;
  return models_[models_.size() < kNamesMax ? std::string(model) : "(other)"];
}

void Bill::add(const Charge& charge) {
  std::lock_guard lock(mutex_);
  totals_of(charge.model).add(charge);
  if (kept_ == 0) return;
  if (ring_.size() < kept_) {
    ring_.push_back(charge);
    return;
  }
  ring_[next_] = charge;
  next_ = (next_ + 1) % kept_;
}

void Bill::add_error(std::string_view model) {
  std::lock_guard lock(mutex_);
  totals_of(model).errors += 1;
}

void Bill::reset() {
  std::lock_guard lock(mutex_);
  models_.clear();
  ring_.clear();
  next_ = 0;
}

BillSnapshot Bill::snapshot() const {
  BillSnapshot copy;
  std::lock_guard lock(mutex_);
  copy.models = models_;
  for (const auto& [name, totals] : models_) {
    copy.total.requests += totals.requests;
    copy.total.errors += totals.errors;
    copy.total.input_tokens += totals.input_tokens;
    copy.total.cached_tokens += totals.cached_tokens;
    copy.total.output_tokens += totals.output_tokens;
    copy.total.web_searches += totals.web_searches;
    copy.total.cost += totals.cost;
  }
  copy.charges.reserve(ring_.size());
  for (std::size_t i = 0; i < ring_.size(); ++i) {
    copy.charges.push_back(ring_[(next_ + i) % ring_.size()]);
  }
  return copy;
}

NanoUsd cost_of(const Charge& charge, const Prices& prices) {
  CostSum sum;
  sum.add(charge.input_tokens - charge.cached_tokens, prices.input);
  sum.add(charge.cached_tokens, prices.cached);
  sum.add(charge.output_tokens, prices.output);
  return sum.ceil() + NanoUsd{charge.web_searches * charge.web_search_price.v};
}

std::string bill_json(const BillSnapshot& bill) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("models").begin_object();
  for (const auto& [name, totals] : bill.models) {
    json.key(name);
    append_totals(json, totals);
  }
  json.end_object().key("total");
  append_totals(json, bill.total);
  json.key("charges").begin_array();
  for (const Charge& charge : bill.charges) append_charge(json, charge);
  json.end_array().end_object();
  return out;
}

}  // namespace steelyard::mock
