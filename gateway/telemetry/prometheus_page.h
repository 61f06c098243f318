#pragma once
// The text format itself: families, samples, label escaping, exact decimals.
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace steelyard::telemetry {

using LabelPair = std::pair<std::string_view, std::string_view>;
using LabelList = std::initializer_list<LabelPair>;

class PrometheusPage {
 public:
  explicit PrometheusPage(std::string& out) : out_(&out) {}

  // Begins a family: HELP and TYPE lines. `name` without the prefix `steelyard_` unless it starts
  // with `process_`.
  void family(std::string_view name, std::string_view type, std::string_view help);
  // A sample of the current family; `suffix` is "", "_bucket", ...
  void integer(std::int64_t value, LabelList labels = {}, std::string_view suffix = {});
  // value / 10^decimals, exactly: "12.3456", no exponent, no trailing zeros.
  void decimal(std::int64_t value, int decimals, LabelList labels = {},
               std::string_view suffix = {});

  // All samples of one histogram. `decimals`: of the unit of values and bounds. At most three
  // labels.
  template <class Histogram>
  void histogram(const Histogram& h, int decimals, LabelList labels = {});

 private:
  void name_and_labels(LabelList labels, std::string_view suffix);
  void bucket(std::int64_t count, std::string_view bound, LabelList labels);
  std::string* out_;
  std::string family_;
};

// value / 10^decimals as text.
std::string decimal_text(std::int64_t value, int decimals);

template <class Histogram>
void PrometheusPage::histogram(const Histogram& h, int decimals, LabelList labels) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < Histogram::bounds; ++i) {
    count += h.buckets[i].read();
    bucket(count, decimal_text(Histogram::bound(i), decimals), labels);
  }
  count += h.buckets[Histogram::bounds].read();
  bucket(count, "+Inf", labels);
  decimal(h.sum.read(), decimals, labels, "_sum");
  integer(count, labels, "_count");
}

}  // namespace steelyard::telemetry
