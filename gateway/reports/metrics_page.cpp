#include "gateway/reports/metrics_page.h"

#include <optional>

namespace steelyard::reports {
namespace {

auto bad(std::size_t line) {
  return fail(ErrorKind::bad_request, ErrorSource::gateway, Retry::never,
              "line " + std::to_string(line) + " of the metrics is no sample");
}

// "-12.000000001" as 10^-9; nothing: another number, or too large.
std::optional<std::int64_t> decimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  Int128 value = 0;
  int decimals = -1;  // -1: before the point
  for (const char c : text) {
    if (c == '.' && decimals < 0) {
      decimals = 0;
      continue;
    }
    if (c < '0' || c > '9' || decimals == 9) return std::nullopt;
    value = value * 10 + (c - '0');
    if (decimals >= 0) ++decimals;
    if (value > INT64_MAX) return std::nullopt;
  }
  if (text.empty() || text == ".") return std::nullopt;
  for (int i = decimals < 0 ? 0 : decimals; i < 9; ++i) value *= 10;
  if (value > INT64_MAX) return std::nullopt;
  const auto out = static_cast<std::int64_t>(value);
  return negative ? -out : out;
}

// `name="value",...}`: takes it off the front of `rest`. False: it is not well formed.
bool take_labels(std::string_view& rest, MetricSample& sample) {
  while (!rest.empty() && rest.front() != '}') {
    if (rest.front() == ',') rest.remove_prefix(1);
    const std::size_t equals = rest.find("=\"");
    if (equals == std::string_view::npos) return false;
    std::string& value = sample.labels[std::string(rest.substr(0, equals))];
    rest.remove_prefix(equals + 2);
    for (; !rest.empty() && rest.front() != '"'; rest.remove_prefix(1)) {
      if (rest.front() != '\\' || rest.size() < 2) {
        value += rest.front();
        continue;
      }
      rest.remove_prefix(1);
      value += rest.front() == 'n' ? '\n' : rest.front();
    }
    if (rest.empty()) return false;
    rest.remove_prefix(1);
  }
  if (rest.empty()) return false;
  rest.remove_prefix(1);
  return true;
}

}  // namespace

Result<MetricsPage> MetricsPage::parse(std::string_view text) {
  MetricsPage page;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty() || line.front() == '#') continue;
    const std::size_t end = line.find_first_of("{ ");
    if (end == std::string_view::npos || end == 0) return bad(number);
    const std::string name(line.substr(0, end));
    MetricSample sample;
    const bool labelled = line[end] == '{';
    line.remove_prefix(end + 1);
    if (labelled && !take_labels(line, sample)) return bad(number);
    if (labelled && !line.starts_with(' ')) return bad(number);
    if (labelled) line.remove_prefix(1);
    const std::optional<std::int64_t> value = decimal(line.substr(0, line.find(' ')));
    // Money is exact: what cannot be read may not be taken for what agrees.
    if (!value && name.find("_usd") != std::string::npos) return bad(number);
    if (!value) continue;
    sample.value = {*value};
    page.samples_[name].push_back(std::move(sample));
  }
  return page;
}

const std::vector<MetricSample>& MetricsPage::of(std::string_view name) const {
  static const std::vector<MetricSample> none;
  const auto found = samples_.find(name);
  return found == samples_.end() ? none : found->second;
}

Int128 MetricsPage::sum(std::string_view name) const {
  Int128 sum = 0;
  for (const MetricSample& sample : of(name)) sum += sample.value.v;
  return sum;
}

}  // namespace steelyard::reports
