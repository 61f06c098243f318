#pragma once
// Makers of table rows for the common kinds of values. A row reads: key, member, bounds, what it
// means.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/binder.h"

namespace steelyard {

// Printed defaults, as an operator would write them.
std::string written_duration(std::int64_t ms);
std::string written_bytes(std::int64_t bytes);
std::string written_count(std::int64_t count);

// One scalar through one of the parsers of values.h, then bounds. nullopt: reported.
std::optional<std::int64_t> bind_integer(BindContext& context, const YamlNode& node,
                                         Parsed<std::int64_t> (*parse)(std::string_view),
                                         const char* code, const char* what, std::int64_t min,
                                         std::int64_t max, std::string (*written)(std::int64_t));
std::optional<bool> bind_bool(BindContext& context, const YamlNode& node);
// A name of an organisation, team, key, provider, tier, policy: letters, digits and `.-_`, at most
// 64 bytes.
std::optional<std::string> bind_name(BindContext& context, const YamlNode& node);
bool valid_name(std::string_view name);
inline constexpr const char* name_help =
    "use letters, digits and `.-_`, at most 64, starting with a letter or digit";
// A glob over names: not empty, at most 128 bytes, no blanks.
std::optional<std::string> bind_glob(BindContext& context, const YamlNode& node);
std::optional<std::string> bind_time_zone(BindContext& context, const YamlNode& node);
// Index into `choices`; reports the closest one otherwise.
std::optional<std::size_t> bind_choice(BindContext& context, const YamlNode& node,
                                       const std::vector<std::string>& choices);
// The items of a list; a single scalar counts as a list of one when `one_is_fine`. Reports other
// kinds.
std::vector<const YamlNode*> list_items(BindContext& context, const YamlNode& node,
                                        const std::string& what, bool one_is_fine);

inline Shape duration_shape() {
  return text_shape("a duration such as `10s`, `250ms` or `2m`",
                    "[0-9._]+(ms|s|m|h|d)([0-9._]+(ms|s|m|h))*");
}
inline Shape name_shape() {
  return text_shape("letters, digits and `.-_`", "[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
}
inline Shape glob_shape() {
  return text_shape("a name; `*` is any run of characters", "[^ ]+");
}
inline Shape count_shape() {
  return either_shape(
      {integer_shape(0, 0), text_shape("a number such as `600k` or `2M`", "[0-9][0-9._,]*[kKM]?")});
}
inline Shape percent_shape() {
  return text_shape("a percentage such as `80%`", "[0-9]+%");
}
inline Shape money_shape() {
  return text_shape("dollars such as `$2,000` or `150 USD`",
                    "(\\$ ?[0-9][0-9._,]*|[0-9][0-9._,]* ?USD)");
}
inline Shape price_shape() {
  return either_shape(
      {number_shape(0, 0), text_shape("dollars per million tokens", "\\$?[0-9]+(\\.[0-9]+)?")});
}

template <class T>
Field<T> custom(std::string key, Shape shape, std::string doc,
                std::function<void(BindContext&, const YamlNode&, T&)> bind,
                std::string standard = "") {
  return {{std::move(key), std::move(doc), std::move(standard), false, std::move(shape)},
          std::move(bind)};
}

template <class T>
Field<T> required(Field<T> field) {
  field.info.required = true;
  return field;
}

template <class T, class Integer>
Field<T> duration(std::string key, Integer T::*member, std::int64_t min, std::int64_t max,
                  std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, T& out) {
    const auto value = bind_integer(context, node, parse_duration_ms, "C0204",
                                    "a duration such as `10s`", min, max, written_duration);
    if (value) out.*member = static_cast<Integer>(*value);
  };
  return custom<T>(std::move(key), duration_shape(), std::move(doc), bind,
                   written_duration(T{}.*member));
}

template <class T, class Integer>
Field<T> integer(std::string key, Integer T::*member, std::int64_t min, std::int64_t max,
                 std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, T& out) {
    const auto value = bind_integer(context, node, parse_count, "C0201", "a whole number", min, max,
                                    written_count);
    if (value) out.*member = static_cast<Integer>(*value);
  };
  return custom<T>(std::move(key), either_shape({integer_shape(min, max), count_shape().inner[1]}),
                   std::move(doc), bind, written_count(T{}.*member));
}

template <class T>
Field<T> bytes(std::string key, std::int64_t T::*member, std::int64_t min, std::int64_t max,
               std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, T& out) {
    const auto value = bind_integer(context, node, parse_bytes, "C0201", "a size such as `32MiB`",
                                    min, max, written_bytes);
    if (value) out.*member = *value;
  };
  Shape shape =
      either_shape({integer_shape(min, max),
                    text_shape("a size such as `32MiB`", "[0-9][0-9._]* ?([KMG]iB|kB|MB|GB)")});
  return custom<T>(std::move(key), std::move(shape), std::move(doc), bind,
                   written_bytes(T{}.*member));
}

template <class T>
Field<T> boolean(std::string key, bool T::*member, std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, T& out) {
    if (const auto value = bind_bool(context, node)) out.*member = *value;
  };
  return custom<T>(std::move(key), boolean_shape(), std::move(doc), bind,
                   T{}.*member ? "true" : "false");
}

template <class T>
Field<T> boolean(std::string key, std::optional<bool> T::*member, std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, T& out) {
    if (const auto value = bind_bool(context, node)) out.*member = *value;
  };
  return custom<T>(std::move(key), boolean_shape(), std::move(doc), bind);
}

template <class T>
Field<T> text(std::string key, std::string T::*member, std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, T& out) {
    if (auto value = context.text(node, "text")) out.*member = std::move(*value);
  };
  return custom<T>(std::move(key), text_shape("text"), std::move(doc), bind, T{}.*member);
}

template <class T>
Field<T> path(std::string key, std::string T::*member, std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, T& out) {
    if (auto value = context.path(node, "a path")) out.*member = std::move(*value);
  };
  return custom<T>(std::move(key), text_shape("a path, from the folder of this file"),
                   std::move(doc), bind);
}

template <class T>
Field<T> time_zone(std::string key, std::string T::*member, std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, T& out) {
    if (auto value = bind_time_zone(context, node)) out.*member = std::move(*value);
  };
  return custom<T>(std::move(key), text_shape("an IANA time zone such as `Europe/Berlin`"),
                   std::move(doc), bind, T{}.*member);
}

template <class T>
Field<T> globs(std::string key, std::vector<std::string> T::*member, std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, T& out) {
    (out.*member).clear();
    for (const YamlNode* item : list_items(context, node, "a list of names", true)) {
      if (auto glob = bind_glob(context, *item)) (out.*member).push_back(std::move(*glob));
    }
  };
  return custom<T>(std::move(key), one_or_list_shape(glob_shape()), std::move(doc), bind);
}

// The same, but each glob remembers where it stands.
template <class T>
Field<T> globs(std::string key, std::vector<Located<std::string>> T::*member, std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, T& out) {
    for (const YamlNode* item : list_items(context, node, "a list of names", true)) {
      if (auto glob = bind_glob(context, *item))
        (out.*member).push_back({std::move(*glob), item->at});
    }
  };
  return custom<T>(std::move(key), one_or_list_shape(glob_shape()), std::move(doc), bind);
}

template <class T, class Enum>
Field<T> choice(std::string key, Enum T::*member, std::vector<std::pair<std::string, Enum>> choices,
                std::string doc) {
  std::vector<std::string> names;
  std::string standard;
  for (const auto& [name, value] : choices) {
    names.push_back(name);
    if (value == T{}.*member) standard = name;
  }
  Shape shape = choice_shape(names);
  auto bind = [=](BindContext& context, const YamlNode& node, T& out) {
    if (const auto index = bind_choice(context, node, names)) out.*member = choices[*index].second;
  };
  return custom<T>(std::move(key), std::move(shape), std::move(doc), bind, standard);
}

// A nested map with a table of its own.
template <class T, class M>
Field<T> object(std::string key, M T::*member, const Table<M>& (*table)(), std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, T& out) {
    bind_map(context, node, node.at, table(), out.*member);
  };
  return custom<T>(std::move(key), object_shape(table().name), std::move(doc), bind);
}

// A list of maps; each element gets its place in `at`.
template <class T, class M>
Field<T> list_of(std::string key, std::vector<M> T::*member, const Table<M>& (*table)(),
                 std::string doc) {
  auto bind = [=](BindContext& context, const YamlNode& node, T& out) {
    for (const YamlNode* item :
         list_items(context, node, "a list of " + table().name + " maps", false)) {
      M element;
      element.at = item->at;
      if (bind_map(context, *item, item->at, table(), element))
        (out.*member).push_back(std::move(element));
    }
  };
  return custom<T>(std::move(key), list_shape(object_shape(table().name)), std::move(doc), bind);
}

// A map from names to maps; each element gets its name and place.
template <class T, class M>
Field<T> map_of(std::string key, std::vector<M> T::*member, const Table<M>& (*table)(),
                std::string doc, bool (*valid)(std::string_view) = valid_name) {
  auto bind = [=](BindContext& context, const YamlNode& node, T& out) {
    if (node.kind == YamlNode::Kind::null) return;
    if (node.kind != YamlNode::Kind::map)
      return context.wrong_type(node, "a map from names to " + table().name + " maps");
    for (const YamlEntry& entry : node.entries) {
      M element;
      element.name = entry.key;
      element.at = entry.key_at;
      if (!valid(entry.key)) {
        context.sink.error(
            "C0214", entry.key_at, "`" + entry.key + "` cannot be a name", "not a name",
            valid_name(entry.key) ? "this word has a meaning of its own" : name_help);
        continue;
      }
      if (bind_map(context, entry.value, entry.key_at, table(), element))
        (out.*member).push_back(std::move(element));
    }
  };
  return custom<T>(std::move(key), map_shape(object_shape(table().name)), std::move(doc), bind);
}

}  // namespace steelyard
