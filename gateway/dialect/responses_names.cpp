#include "gateway/dialect/responses_names.h"

#include <cstdint>

#include "gateway/dialect/key_table.h"
#include "gateway/dialect/lenient_reader.h"

namespace steelyard::dialect::responses {
namespace {

constexpr std::size_t name_bytes_max = 64, kept_bytes = 55;
constexpr KeyTable kTop(key_names("tools", "input"));
constexpr KeyTable kItem(key_names("type", "tools"));
constexpr KeyTable kTool(key_names("type", "name", "tools"));

// FNV-1a, 32 bits: only to keep long names apart.
std::uint32_t hash_of(std::string_view text) {
  std::uint32_t hash = 2'166'136'261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619u;
  return hash;
}

}  // namespace

void append_flat_name(std::string& out, std::string_view space, std::string_view name) {
  if (space.empty()) {
    out += name;
    return;
  }
  const std::size_t begin = out.size();
  out.append(space).append("__").append(name);
  if (out.size() - begin <= name_bytes_max) return;
  std::uint32_t hash = hash_of(std::string_view(out).substr(begin));
  out.resize(begin + kept_bytes);
  out += '_';
  for (int i = 0; i < 8; ++i, hash <<= 4) out += "0123456789abcdef"[hash >> 28];
}

ToolNames::ToolNames(std::string_view body) {
  const bool any = body.find("\"custom\"") != std::string_view::npos ||
                   body.find("\"namespace\"") != std::string_view::npos;
  if (any) read_request(body);
}

const ToolNames::Tool* ToolNames::find(std::string_view flat) const {
  for (const Tool& tool : tools_)
    if (tool.flat == flat) return &tool;
  return nullptr;
}

void ToolNames::read_request(std::string_view body) {
  LenientReader reader(body);
  std::string_view raw[2];
  reader.object(kTop, [&](int key) {
    return key < 0 ? reader.cursor.skip_value() : reader.cursor.take_raw(raw[key]);
  });
  if (!raw[0].empty()) read_tools(raw[0], {});
  if (raw[1].starts_with('[')) read_input(raw[1]);
}

void ToolNames::read_input(std::string_view items) {
  LenientReader reader(items);
  reader.array([&] {
    std::string_view type, tools;
    const bool ok = reader.object(kItem, [&](int key) {
      if (key == 0) return reader.text(type);
      return key == 1 ? reader.cursor.take_raw(tools) : reader.cursor.skip_value();
    });
    if (ok && type == "additional_tools" && !tools.empty()) read_tools(tools, {});
    return ok;
  });
}

void ToolNames::read_tools(std::string_view tools, std::string_view space) {
  LenientReader reader(tools);
  reader.array([&] {
    std::string_view type, name, inner;
    const bool ok = reader.object(kTool, [&](int key) {
      if (key == 0) return reader.text(type);
      if (key == 1) return reader.text(name);
      return key == 2 ? reader.cursor.take_raw(inner) : reader.cursor.skip_value();
    });
    if (!ok) return false;
    if (type == "namespace" && space.empty()) {
      if (!inner.empty()) read_tools(inner, name);
      return true;
    }
    if (type != "custom" && space.empty()) return true;
    Tool tool{{}, name, space, type == "custom"};
    append_flat_name(tool.flat, space, name);
    tools_.push_back(std::move(tool));
    return true;
  });
}

}  // namespace steelyard::dialect::responses
