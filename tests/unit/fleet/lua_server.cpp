#include "lua_server.h"

#include <lua.hpp>

#include <stdexcept>

namespace steelyard::fleet {
namespace {

auto broken(const std::string& what) {
  return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never, what);
}

void push_list(lua_State* lua, std::span<const std::string> texts) {
  lua_createtable(lua, static_cast<int>(texts.size()), 0);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    lua_pushlstring(lua, texts[i].data(), texts[i].size());
    lua_rawseti(lua, -2, static_cast<int>(i) + 1);
  }
}

std::string text_at(lua_State* lua, int index) {
  std::size_t size = 0;
  const char* const text = lua_tolstring(lua, index, &size);
  return text == nullptr ? std::string() : std::string(text, size);
}

}  // namespace

LuaStore::LuaStore() : lua_(luaL_newstate()) {
  luaL_openlibs(lua_);
  lua_createtable(lua_, 0, 1);
  lua_pushlightuserdata(lua_, this);
  lua_pushcclosure(lua_, &LuaStore::call, 1);
  lua_setfield(lua_, -2, "call");
  lua_setglobal(lua_, "redis");
}

LuaStore::~LuaStore() {
  lua_close(lua_);
}

int LuaStore::call(lua_State* lua) {
  return static_cast<LuaStore*>(lua_touserdata(lua, lua_upvalueindex(1)))->command(lua);
}

// The commands that the scripts use, as Redis answers them.
int LuaStore::command(lua_State* lua) {
  const int count = lua_gettop(lua);
  const std::string name = text_at(lua, 1);
  if (name == "TIME") {
    const std::string texts[] = {std::to_string(now_ms / 1'000),
                                 std::to_string(now_ms % 1'000 * 1'000)};
    push_list(lua, texts);
    return 1;
  }
  const std::string key = text_at(lua, 2);
  Hash& hash = hashes[key];
  if (name == "HSET") {
    for (int i = 3; i + 1 <= count; i += 2) hash[text_at(lua, i)] = text_at(lua, i + 1);
    lua_pushinteger(lua, 0);
  } else if (name == "HGET") {
    const auto found = hash.find(text_at(lua, 3));
    if (found == hash.end())
      lua_pushboolean(lua, 0);
    else
      lua_pushlstring(lua, found->second.data(), found->second.size());
  } else if (name == "HGETALL") {
    std::vector<std::string> flat;
    for (const auto& [field, value] : hash) flat.insert(flat.end(), {field, value});
    push_list(lua, flat);
  } else if (name == "HDEL") {
    for (int i = 3; i <= count; ++i) hash.erase(text_at(lua, i));
    lua_pushinteger(lua, 0);
  } else if (name == "HEXISTS") {
    lua_pushinteger(lua, hash.count(text_at(lua, 3)) != 0 ? 1 : 0);
  } else if (name == "HINCRBY") {
    std::string& value = hash[text_at(lua, 3)];
    value = std::to_string((value.empty() ? 0 : std::stoll(value)) + std::stoll(text_at(lua, 4)));
    lua_pushinteger(lua, 0);
  } else if (name == "PEXPIREAT") {
    lua_pushinteger(lua, 1);
  } else {
    return luaL_error(lua, "unknown command %s", name.c_str());
  }
  return 1;
}

Result<std::vector<std::string>> LuaStore::run(const Script& script,
                                               std::span<const std::string> keys,
                                               std::span<const std::string> arguments) {
  ++calls;
  std::map<std::string, Hash> before;
  const bool watched = watch && script.name == "sync";
  if (watched) before = hashes;
  push_list(lua_, keys);
  lua_setglobal(lua_, "KEYS");
  push_list(lua_, arguments);
  lua_setglobal(lua_, "ARGV");
  const std::string name(script.name);
  if (luaL_loadbuffer(lua_, script.source.data(), script.source.size(), name.c_str()) != 0 ||
      lua_pcall(lua_, 0, 1, 0) != 0)
    throw std::runtime_error(text_at(lua_, -1));  // a script never fails
  std::vector<std::string> out;
  const int size = static_cast<int>(lua_objlen(lua_, -1));
  for (int i = 1; i <= size; ++i) {
    lua_rawgeti(lua_, -1, i);
    out.push_back(text_at(lua_, -1));
    lua_pop(lua_, 1);
  }
  lua_settop(lua_, 0);
  if (watched && !out.empty() && out[0] == "ok") watch(keys, arguments, before);
  return out;
}

std::int64_t LuaStore::number(const std::string& key, const std::string& field) const {
  const auto hash = hashes.find(key);
  if (hash == hashes.end()) return 0;
  const auto value = hash->second.find(field);
  return value == hash->second.end() ? 0 : std::stoll(value->second);
}

std::vector<std::string> LuaStore::windows() const {
  std::vector<std::string> out;
  for (const auto& [key, hash] : hashes)
    if (key.find(":w:") != std::string::npos && !hash.empty()) out.push_back(key);
  return out;
}

Result<std::vector<std::string>> Link::run(const Script& script, std::span<const std::string> keys,
                                           std::span<const std::string> arguments) {
  const Fault fault = std::exchange(next, Fault::none);
  if (down || fault == Fault::call_lost) return broken("no connection");
  if (fault == Fault::late) {
    late_.push_back([this, script, k = std::vector<std::string>(keys.begin(), keys.end()),
                     a = std::vector<std::string>(arguments.begin(), arguments.end())] {
      (void)store_.run(script, k, a);
    });
    return broken("no answer");
  }
  Result<std::vector<std::string>> answer = store_.run(script, keys, arguments);
  if (fault == Fault::answer_lost) return broken("no answer");
  return answer;
}

Result<std::string> Link::run_name() {
  if (down) return broken("no connection");
  return store_.run_name;
}

Result<std::vector<std::string>> Link::keys(const std::string& prefix) {
  std::vector<std::string> out;
  for (const std::string& key : store_.windows())
    if (key.starts_with(prefix)) out.push_back(key);
  return out;
}

void Link::deliver_late() {
  while (!late_.empty()) {
    late_.front()();
    late_.pop_front();
  }
}

}  // namespace steelyard::fleet
