#include "gateway/mock/settings.h"

#include <simdjson.h>

#include "config/types/json_writer.h"

namespace steelyard::mock {
namespace {

constexpr std::size_t kCountersMax = 10'000;
constexpr std::string_view kAnyModel = "*";

Result<Prices> prices_of(const ModelOptions& model) {
  const auto price = [](const std::string& text) { return parse_price(text.empty() ? "0" : text); };
  const auto input = price(model.input_price);
  const auto cached =
      price(model.cached_input_price.empty() ? model.input_price : model.cached_input_price);
  const auto output = price(model.output_price);
  for (const auto* one : {&input, &cached, &output}) {
    if (!*one) return fail(one->error());
  }
  return Prices{*input, *cached, *output};
}

std::vector<ModelOptions> default_models() {
  return {{"mock-small", "0.15", "0.075", "0.60", ""}, {"mock-large", "2.50", "1.25", "10", ""}};
}

auto refuse(const char* text) {
  return fail(ErrorKind::bad_request, ErrorSource::client, Retry::never, text);
}

}  // namespace

const ModelSettings* Settings::find(std::string_view name) const {
  const auto found = models.find(name);
  if (found != models.end()) return &found->second;
  return strict ? nullptr : &other;
}

Result<std::unique_ptr<SettingsStore>> SettingsStore::make(const MockOptions& options) {
  std::unique_ptr<SettingsStore> store(new SettingsStore(options));
  auto settings = store->build(options.behaviour, {});
  if (!settings) return fail(settings.error());
  store->publish(*settings, options.behaviour, {});
  return store;
}

std::shared_ptr<const Settings> SettingsStore::get() const {
  std::lock_guard lock(mutex_);
  return current_;
}

Result<std::shared_ptr<Settings>> SettingsStore::build(const Behaviour& global,
                                                       const Overrides& own) const {
  auto settings = std::make_shared<Settings>();
  settings->global = settings->other.behaviour = global;
  settings->strict = options_.strict_models;
  settings->directives = options_.directives;
  if (!options_.api_key.empty()) {
    settings->authorization = "Bearer " + std::string(options_.api_key.reveal());
  }
  for (const ModelOptions& option : options_.models.empty() ? default_models() : options_.models) {
    ModelSettings model;
    model.name = option.name;
    model.behaviour = global;
    const auto prices = prices_of(option);
    if (!prices) return fail(prices.error());
    model.prices = *prices;
    if (!option.behaviour.empty()) {
      const auto applied = apply_behaviour(model.behaviour, option.behaviour);
      if (!applied) return fail(applied.error());
    }
    if (option.name == kAnyModel) {
      settings->other = std::move(model);
    } else {
      settings->models[option.name] = std::move(model);
    }
  }
  for (const auto& [name, json] : own) {
    auto found = settings->models.find(name);
    if (name != kAnyModel && found == settings->models.end()) {
      found = settings->models.emplace(name, settings->other).first;
      found->second.name = name;
      found->second.listed = false;
      found->second.requests = std::make_shared<Counter>(0);
    }
    Behaviour& behaviour = name == kAnyModel ? settings->other.behaviour : found->second.behaviour;
    const auto applied = apply_behaviour(behaviour, json);
    if (!applied) return fail(applied.error());
  }
  return settings;
}

void SettingsStore::publish(std::shared_ptr<Settings> settings, const Behaviour& global,
                            Overrides own) {
  std::lock_guard lock(mutex_);
  global_ = global;
  own_ = std::move(own);
  counters_.clear();
  current_ = std::move(settings);
  version_.fetch_add(1, std::memory_order_release);
}

Result<void> SettingsStore::update(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::object fields;
  if (parser.parse(json.data(), json.size()).get(fields) != simdjson::SUCCESS) {
    return refuse("expected a JSON object");
  }
  std::lock_guard one_at_a_time(update_mutex_);
  Behaviour global;
  Overrides own;
  {
    std::lock_guard lock(mutex_);
    global = global_;
    own = own_;
  }
  std::string changes = "{";
  for (auto field : fields) {
    if (field.key == "reset") {
      bool reset = false;
      if (field.value.get(reset) != simdjson::SUCCESS) return refuse("`reset`: true or false");
      if (reset) global = options_.behaviour;
      if (reset) own.clear();
    } else if (field.key != "models") {
      changes.append(changes.size() == 1 ? "\"" : ",\"");
      append_json_escaped(changes, field.key);
      changes.append("\":").append(simdjson::minify(field.value));
    }
  }
  simdjson::dom::element models;
  if (fields["models"].get(models) == simdjson::SUCCESS) {
    simdjson::dom::object list;
    if (models.get(list) != simdjson::SUCCESS) return refuse("`models`: expected an object");
    for (auto model : list) {
      own[std::string(model.key)] = simdjson::minify(model.value);
      if (model.value.is_null()) own.erase(std::string(model.key));
    }
  }
  const auto applied = apply_behaviour(global, changes + "}");
  if (!applied) return fail(applied.error());
  auto settings = build(global, own);
  if (!settings) return fail(settings.error());
  publish(std::move(*settings), global, std::move(own));
  return {};
}

void SettingsStore::reset() {
  std::lock_guard one_at_a_time(update_mutex_);
  auto settings = build(options_.behaviour, {});
  if (settings) publish(std::move(*settings), options_.behaviour, {});
}

std::string SettingsStore::json() const {
  const auto settings = get();
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("global").raw(behaviour_json(settings->global));
  json.key("models").begin_object();
  json.key(kAnyModel).raw(behaviour_json(settings->other.behaviour));
  for (const auto& [name, model] : settings->models) {
    json.key(name).raw(behaviour_json(model.behaviour));
  }
  json.end_object().end_object();
  return out;
}

std::uint64_t SettingsStore::count(const std::string& name) {
  std::lock_guard lock(mutex_);
  const bool known = counters_.contains(name) || counters_.size() < kCountersMax;
  return ++counters_[known ? name : std::string()];
}

}  // namespace steelyard::mock
