#include "gateway/telemetry/prometheus_page.h"

#include "gateway/telemetry/prometheus.h"

namespace steelyard::telemetry {

void append_label_value(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
}

std::string decimal_text(std::int64_t value, int decimals) {
  const std::uint64_t magnitude =
      value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  std::string digits = std::to_string(magnitude);
  const auto places = static_cast<std::size_t>(decimals);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  std::string text = digits.substr(0, digits.size() - places);
  std::string fraction = digits.substr(digits.size() - places);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  if (!fraction.empty()) text += "." + fraction;
  return value < 0 ? "-" + text : text;
}

void PrometheusPage::family(std::string_view name, std::string_view type, std::string_view help) {
  family_ = name.starts_with("process_") ? "" : "steelyard_";
  family_ += name;
  *out_ += "# HELP " + family_ + " ";
  *out_ += help;
  *out_ += "\n# TYPE " + family_ + " ";
  *out_ += type;
  *out_ += '\n';
}

void PrometheusPage::name_and_labels(LabelList labels, std::string_view suffix) {
  *out_ += family_;
  *out_ += suffix;
  char before = '{';
  for (const auto& [name, value] : labels) {
    *out_ += std::exchange(before, ',');
    *out_ += name;
    *out_ += "=\"";
    append_label_value(*out_, value);
    *out_ += '"';
  }
  if (before == ',') *out_ += '}';
  *out_ += ' ';
}

void PrometheusPage::integer(std::int64_t value, LabelList labels, std::string_view suffix) {
  name_and_labels(labels, suffix);
  *out_ += std::to_string(value) + "\n";
}

void PrometheusPage::decimal(std::int64_t value, int decimals, LabelList labels,
                             std::string_view suffix) {
  name_and_labels(labels, suffix);
  *out_ += decimal_text(value, decimals) + "\n";
}

void PrometheusPage::bucket(std::int64_t count, std::string_view bound, LabelList labels) {
  const auto* l = labels.begin();
  const LabelPair le{"le", bound};
  switch (labels.size()) {
    case 0: return integer(count, {le}, "_bucket");
    case 1: return integer(count, {l[0], le}, "_bucket");
    case 2: return integer(count, {l[0], l[1], le}, "_bucket");
    default: return integer(count, {l[0], l[1], l[2], le}, "_bucket");
  }
}

}  // namespace steelyard::telemetry
