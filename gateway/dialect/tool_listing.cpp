#include "gateway/dialect/tool_listing.h"

#include <algorithm>

#include "gateway/dialect/json_cursor.h"

namespace steelyard::dialect {
namespace {

constexpr std::size_t listing_bytes_max = std::size_t{1} << 20;
constexpr std::size_t scanned_bytes_max = std::size_t{8}
                                          << 20;  // schemas inside schemas are read again
constexpr int depth_max = 8;

// The members of a schema that are shown; raw values, empty when absent.
struct Schema {
  std::string_view type, choices, any_of, items, properties, required, description, title, fallback,
      ref, minimum, maximum, format;
};

class Listing {
 public:
  explicit Listing(std::string& out) : out_(out) {}
  bool run(std::string_view tools);

 private:
  // Calls `visit(key, value)`, both raw, for each member; false: not an object.
  template <class Visit>
  bool members(std::string_view object, Visit visit) {
    scanned_ += object.size();
    JsonCursor at(object);
    if (scanned_ > scanned_bytes_max || !at.open('{')) return false;
    bool first = true;
    std::string_view key;
    while (at.next_member(first, key)) {
      const std::size_t begin = at.offset();
      if (!at.skip_value()) return false;
      visit(key, object.substr(begin, at.end_of_previous() - begin));
    }
    return at.fault() == JsonFault::none;
  }
  template <class Visit>
  bool elements(std::string_view array, Visit visit) {
    scanned_ += array.size();
    JsonCursor at(array);
    if (scanned_ > scanned_bytes_max || !at.open('[')) return false;
    bool first = true;
    while (at.next_element(first)) {
      const std::size_t begin = at.offset();
      if (!at.skip_value()) return false;
      visit(array.substr(begin, at.end_of_previous() - begin));
    }
    return at.fault() == JsonFault::none;
  }

  static bool is_string(std::string_view raw) { return raw.size() >= 2 && raw.front() == '"'; }
  static std::string_view inside(std::string_view raw) { return raw.substr(1, raw.size() - 2); }
  void text(std::string_view raw) { append_unescaped(out_, inside(raw)); }
  void comment(std::string_view raw);
  bool says(std::string_view raw) const { return is_string(raw) && raw.size() > 2; }

  Schema read(std::string_view raw);
  std::string_view resolve(std::string_view ref);
  bool requires_key(const Schema& of, std::string_view key);
  bool commented(const Schema& object);
  void function(std::string_view tool);
  void freeform(std::string_view format);
  void object(const Schema& schema, int depth);
  void bounds(const Schema& schema);
  void property(std::string_view key, std::string_view raw, bool required, int depth);
  void type(const Schema& schema, int depth);
  void one_type(std::string_view name, const Schema& schema, int depth);
  void either(std::string_view array, int depth);
  bool nullable(const Schema& schema);  // a union with null in it
  void alternatives(const Schema& schema, int depth);
  void literals(std::string_view array);

  std::string& out_;
  std::string_view root_;  // the parameters that "#/$defs/..." means
  std::size_t scanned_ = 0;
  bool chat_ = false;  // of Chat, not of Responses
};

Schema Listing::read(std::string_view raw) {
  Schema schema;
  const auto take = [&schema](std::string_view key, std::string_view value) {
    if (key == "type") schema.type = value;
    if (key == "enum") schema.choices = value;
    if (key == "anyOf" || key == "oneOf" || key == "allOf") schema.any_of = value;
    if (key == "items") schema.items = value;
    if (key == "properties") schema.properties = value;
    if (key == "required") schema.required = value;
    if (key == "description") schema.description = value;
    if (key == "title") schema.title = value;
    if (key == "default") schema.fallback = value;
    if (key == "format") schema.format = value;
    if (key == "minimum") schema.minimum = value;
    if (key == "maximum") schema.maximum = value;
    if (key == "$ref") schema.ref = value;
  };
  (void)members(raw, take);
  if (!says(schema.ref)) return schema;
  const std::string_view target = resolve(inside(schema.ref));
  schema.ref = {};
  const Schema own = schema;
  (void)members(target, take);
  if (!own.description.empty()) schema.description = own.description;
  if (!own.fallback.empty()) schema.fallback = own.fallback;
  schema.ref = {};  // one step is enough: chains are not seen in practice
  return schema;
}

// "#/$defs/Name" in the parameters at hand.
std::string_view Listing::resolve(std::string_view ref) {
  if (!ref.starts_with("#/")) return {};
  ref.remove_prefix(2);
  std::string_view here = root_;
  for (int steps = 0; !ref.empty() && steps < depth_max; ++steps) {
    const std::size_t slash = ref.find('/');
    const std::string_view step = ref.substr(0, slash);
    ref = slash == std::string_view::npos ? std::string_view() : ref.substr(slash + 1);
    std::string_view next;
    (void)members(here, [&](std::string_view key, std::string_view value) {
      if (key == step) next = value;
    });
    here = next;
  }
  return here;
}

bool Listing::requires_key(const Schema& of, std::string_view key) {
  bool found = false;
  if (!of.required.empty())
    (void)elements(of.required, [&](std::string_view name) {
      found = found || (is_string(name) && inside(name) == key);
    });
  return found;
}

// With a comment on any property each stands on a line of its own.
bool Listing::commented(const Schema& object) {
  bool found = false;
  (void)members(object.properties, [&](std::string_view, std::string_view raw) {
    const Schema schema = read(raw);
    found = found || says(schema.title) || says(schema.description) || !schema.fallback.empty() ||
            !schema.minimum.empty() || !schema.maximum.empty();
  });
  return found;
}

// Line by line, each without the blanks around it; empty ones are left out.
void Listing::comment(std::string_view raw) {
  const std::size_t begin = out_.size();
  text(raw);
  const std::string all = out_.substr(begin);
  out_.resize(begin);
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find('\n', at), all.size());
    const std::string_view line = std::string_view(all).substr(at, end - at);
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first != std::string_view::npos) {
      const std::size_t last = line.find_last_not_of(" \t\r");
      out_.append("// ").append(line.substr(first, last + 1 - first)) += '\n';
    }
    at = end + 1;
  }
}

void Listing::bounds(const Schema& schema) {
  if (schema.minimum.empty() && schema.maximum.empty()) return;
  out_ += "// ";
  if (!schema.minimum.empty()) out_.append("minimum: ").append(schema.minimum);
  if (!schema.minimum.empty() && !schema.maximum.empty()) out_ += ", ";
  if (!schema.maximum.empty()) out_.append("maximum: ").append(schema.maximum);
  out_ += '\n';
}

void Listing::property(std::string_view key, std::string_view raw, bool required, int depth) {
  const Schema schema = read(raw);
  if (says(schema.title)) {
    comment(schema.title);
    if (says(schema.description)) out_ += "//\n";
  }
  if (says(schema.description)) comment(schema.description);
  bounds(schema);
  append_unescaped(out_, key);
  out_ += required ? ":" : "?:";
  if (chat_ && says(schema.description) && nullable(schema)) {
    alternatives(schema, depth);
    out_ += '\n';
  } else {
    out_ += ' ';
    type(schema, depth);
  }
  out_ += ',';
  if (!schema.fallback.empty()) {
    out_ += " // default: ";
    if (is_string(schema.fallback) && !schema.choices.empty()) {
      text(schema.fallback);
    } else {
      out_ += schema.fallback;
    }
  }
  out_ += '\n';
}

bool Listing::nullable(const Schema& schema) {
  bool found = false;
  const auto look = [&found](std::string_view name) { found = found || name == "\"null\""; };
  if (schema.type.starts_with('[')) {
    (void)elements(schema.type, look);
  } else if (schema.choices.empty() && !schema.any_of.empty()) {
    (void)elements(schema.any_of, [&](std::string_view one) { look(read(one).type); });
  }
  return found;
}

// One on each line behind what is said of it: a list of types says of each what it says of all.
void Listing::alternatives(const Schema& schema, int depth) {
  if (schema.type.starts_with('[')) {
    (void)elements(schema.type, [&](std::string_view name) {
      out_ += '\n';
      comment(schema.description);
      out_ += " | ";
      one_type(name, schema, depth);
    });
    return;
  }
  (void)elements(schema.any_of, [&](std::string_view raw) {
    const Schema one = read(raw);
    out_ += '\n';
    if (says(one.description)) comment(one.description);
    if (says(one.format)) comment("\"format: " + std::string(inside(one.format)) + "\"");
    out_ += " | ";
    type(one, depth + 1);
  });
}

void Listing::object(const Schema& schema, int depth) {
  if (commented(schema)) {
    out_ += '\n';
    (void)members(schema.properties, [&](std::string_view key, std::string_view raw) {
      property(key, raw, requires_key(schema, key), depth);
    });
    return;
  }
  bool first = true;
  (void)members(schema.properties, [&](std::string_view key, std::string_view raw) {
    out_ += first ? " " : ", ";
    first = false;
    append_unescaped(out_, key);
    out_ += requires_key(schema, key) ? ": " : "?: ";
    type(read(raw), depth);
  });
  out_ += ' ';
}

void Listing::literals(std::string_view array) {
  bool first = true;
  (void)elements(array, [&](std::string_view value) {
    if (!first) out_ += " | ";
    first = false;
    if (is_string(value)) {
      out_ += '"';
      text(value);
      out_ += '"';
    } else {
      out_ += value;
    }
  });
}

void Listing::either(std::string_view array, int depth) {
  bool first = true;
  (void)elements(array, [&](std::string_view one) {
    if (!first) out_ += " | ";
    first = false;
    type(read(one), depth + 1);
  });
}

void Listing::type(const Schema& schema, int depth) {
  if (depth > depth_max || out_.size() > listing_bytes_max) {
    out_ += "any";
  } else if (!schema.choices.empty()) {
    literals(schema.choices);
  } else if (schema.type.starts_with('[')) {
    bool first = true;
    (void)elements(schema.type, [&](std::string_view name) {
      if (!first) out_ += " | ";
      first = false;
      one_type(name, schema, depth);
    });
  } else if (!schema.any_of.empty()) {
    either(schema.any_of, depth);
  } else {
    one_type(schema.type, schema, depth);
  }
}

void Listing::one_type(std::string_view raw, const Schema& schema, int depth) {
  const std::string_view name = is_string(raw) ? inside(raw) : std::string_view();
  if (name == "string" || name == "boolean" || name == "null") {
    out_ += name;
  } else if (name == "integer" || name == "number") {
    out_ += "number";
  } else if (name == "array") {
    if (schema.items.empty()) {
      out_ += "any";
    } else {
      const Schema items = read(schema.items);
      if (says(items.title) && !items.properties.empty()) comment(items.title);
      type(items, depth + 1);
    }
    out_ += "[]";
  } else if (name == "object" || !schema.properties.empty()) {
    if (schema.properties.size() <= 2) {  // {}
      out_ += "object";
      return;
    }
    out_ += '{';
    object(schema, depth + 1);
    out_ += '}';
  } else {
    out_ += "any";
  }
}

void Listing::function(std::string_view tool) {
  std::string_view name, description, parameters, format;
  const auto take = [&](std::string_view key, std::string_view value) {
    if (key == "name") name = value;
    if (key == "description") description = value;
    if (key == "parameters") parameters = value;
    if (key == "format") format = value;
  };
  std::string_view inner;
  (void)members(tool, [&](std::string_view key, std::string_view value) {
    if (key == "function" || key == "custom") inner = value;  // Responses has it in one object
  });
  (void)members(inner.empty() ? tool : inner, take);
  chat_ = !inner.empty();
  if (!says(name)) return;  // a tool of the provider's own
  if (says(description)) comment(description);
  if (!format.empty()) freeform(format);
  root_ = parameters;
  const Schema schema = parameters.empty() ? Schema{} : read(parameters);
  out_ += "type ";
  text(name);
  if (schema.properties.size() > 2) {
    out_ += " = (_: ";
    if (says(schema.title)) comment(schema.title);
    out_ += '{';
    object(schema, 0);
    out_ += "}) => any;\n\n";
  } else {
    out_ += " = () => any;\n\n";
  }
}

// A tool whose input is text by a grammar. What is said about it is not known, only its length:
// three recorded tools are billed 49 to 53 tokens above the grammar as comments.
void Listing::freeform(std::string_view format) {
  constexpr std::string_view about =
      "This tool takes text, not JSON. Its input has to follow the grammar below, from its first "
      "character to its last, with nothing before it and nothing behind it: no quotes, no code "
      "fences, and no word about what the text is for.";
  std::string_view definition;
  const auto take = [&](std::string_view key, std::string_view value) {
    if (key == "definition") definition = value;
  };
  (void)members(format, [&](std::string_view key, std::string_view value) {
    if (key == "grammar") (void)members(value, take);  // Chat has it one deeper
    take(key, value);
  });
  if (!says(definition)) return;  // plain text
  out_.append("// ").append(about).append("\n");
  comment(definition);
}

bool Listing::run(std::string_view tools) {
  out_ += "namespace functions {\n\n";
  const bool whole = elements(tools, [this](std::string_view tool) {
    if (out_.size() < listing_bytes_max) function(tool);
  });
  out_ += "} // namespace functions";
  return whole && out_.size() < listing_bytes_max && scanned_ < scanned_bytes_max;
}

}  // namespace

bool write_tool_listing(std::string& out, std::string_view tools) {
  return Listing(out).run(tools);
}

}  // namespace steelyard::dialect
