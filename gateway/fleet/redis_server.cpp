#include "gateway/fleet/redis_server.h"

#include <hiredis/hiredis.h>

#include <algorithm>

namespace steelyard::fleet {
namespace {

Error storage_error(const std::string& what) {
  return Error(ErrorKind::storage, ErrorSource::gateway, Retry::never,
               "the fleet's store: " + what);
}

timeval time_of(std::int64_t ms) {
  return {static_cast<time_t>(ms / 1'000), static_cast<suseconds_t>(ms % 1'000 * 1'000)};
}

std::string_view text_of(const redisReply& reply) {
  return reply.str == nullptr ? std::string_view() : std::string_view(reply.str, reply.len);
}

std::string value_of(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_INTEGER) return std::to_string(reply.integer);
  return std::string(text_of(reply));
}

std::vector<std::string> list_of(const redisReply& reply) {
  std::vector<std::string> out;
  if (reply.type != REDIS_REPLY_ARRAY) return {value_of(reply)};
  for (std::size_t i = 0; i < reply.elements; ++i) out.push_back(value_of(*reply.element[i]));
  return out;
}

// What INFO says behind `field`, such as "\nrun_id:".
std::string said(std::string_view info, std::string_view field) {
  const std::size_t at = info.find(field);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = info.substr(at + field.size());
  return std::string(rest.substr(0, rest.find_first_of("\r\n")));
}

// Would it throw away what was granted when memory is short?
bool evicts(std::string_view info) {
  const std::string most = said(info, "\nmaxmemory:");
  const std::string policy = said(info, "\nmaxmemory_policy:");
  return !most.empty() && most != "0" && !policy.empty() && policy != "noeviction";
}

}  // namespace

void RedisServer::FreeContext::operator()(redisContext* context) const {
  redisFree(context);
}

void RedisServer::FreeReply::operator()(redisReply* reply) const {
  freeReplyObject(reply);
}

RedisServer::RedisServer(FleetSpec spec) : spec_(std::move(spec)) {}
RedisServer::~RedisServer() = default;

Error RedisServer::lost(const std::string& what) {
  context_.reset();
  digests_.clear();
  return storage_error(what);
}

Result<RedisServer::Reply> RedisServer::call(std::span<const std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  Reply reply(static_cast<redisReply*>(redisCommandArgv(
      context_.get(), static_cast<int>(texts.size()), texts.data(), sizes.data())));
  if (!reply) {
    const std::string why = context_->errstr;
    return fail(lost("no answer: " + why));
  }
  return reply;
}

Result<void> RedisServer::connect() {
  if (context_) return {};
  const timeval wait = time_of(spec_.timeout_ms);
  context_.reset(redisConnectWithTimeout(spec_.host.c_str(), spec_.port, wait));
  if (!context_) return fail(storage_error("out of memory"));
  const std::string place = spec_.host + ":" + std::to_string(spec_.port);
  if (context_->err != 0) {
    const std::string why = context_->errstr;
    return fail(lost("no connection to " + place + ": " + why));
  }
  redisSetTimeout(context_.get(), wait);
  std::vector<std::vector<std::string_view>> steps;
  const std::string database = std::to_string(spec_.database);
  if (spec_.password && !spec_.user.empty())
    steps.push_back({"AUTH", spec_.user, spec_.password->reveal()});
  else if (spec_.password)
    steps.push_back({"AUTH", spec_.password->reveal()});
  steps.push_back({"SELECT", database});
  steps.push_back({"INFO"});
  for (const std::vector<std::string_view>& step : steps) {
    const Result<Reply> reply = call(step);
    if (!reply) return fail(reply.error());
    if ((*reply)->type == REDIS_REPLY_ERROR)
      return fail(lost(place + " says to " + std::string(step.front()) + ": " +
                       std::string(text_of(**reply))));
    if (step.front() != "INFO") continue;
    run_name_ = said(text_of(**reply), "\nrun_id:");
    if (evicts(text_of(**reply)))
      return fail(
          lost(place + " may drop what was granted: set its maxmemory-policy to noeviction"));
  }
  if (run_name_.empty()) return fail(lost(place + " does not say which run it is (INFO)"));
  return {};
}

Result<std::string> RedisServer::run_name() {
  const Result<void> connected = connect();
  if (!connected) return fail(connected.error());
  return run_name_;
}

Result<std::vector<std::string>> RedisServer::run(const Script& script,
                                                  std::span<const std::string> keys,
                                                  std::span<const std::string> arguments) {
  const Result<void> connected = connect();
  if (!connected) return fail(connected.error());
  const std::string count = std::to_string(keys.size());
  std::vector<std::string_view> words{"EVALSHA", "", count};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), arguments.begin(), arguments.end());
  if (digests_[script.name].empty()) {
    const std::string_view load[] = {"SCRIPT", "LOAD", script.source};
    const Result<Reply> loaded = call(load);
    if (!loaded) return fail(loaded.error());
    if ((*loaded)->type == REDIS_REPLY_STRING) digests_[script.name] = text_of(**loaded);
  }
  words[1] = digests_[script.name];
  Result<Reply> reply = call(words);
  if (!reply) return fail(reply.error());
  // Somebody flushed the scripts, or may not load them: the whole text then. Nothing has run yet.
  if ((*reply)->type == REDIS_REPLY_ERROR && text_of(**reply).starts_with("NOSCRIPT")) {
    words[0] = "EVAL";
    words[1] = script.source;
    reply = call(words);
    if (!reply) return fail(reply.error());
  }
  // Read-only replica, out of memory, still loading: whatever it is, nothing may be relied on.
  if ((*reply)->type == REDIS_REPLY_ERROR)
    return fail(lost("it says: " + std::string(text_of(**reply))));
  return list_of(**reply);
}

Result<std::vector<std::string>> RedisServer::keys(const std::string& prefix) {
  const Result<void> connected = connect();
  if (!connected) return fail(connected.error());
  std::string pattern;
  for (const char c : prefix) {
    if (std::string_view("*?[]\\").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  pattern += '*';
  std::vector<std::string> out;
  std::string cursor = "0";
  do {
    const std::string_view scan[] = {"SCAN", cursor, "MATCH", pattern, "COUNT", "1000"};
    const Result<Reply> reply = call(scan);
    if (!reply) return fail(reply.error());
    if ((*reply)->type != REDIS_REPLY_ARRAY || (*reply)->elements != 2)
      return fail(lost("it says: " + std::string(text_of(**reply))));
    cursor = value_of(*(*reply)->element[0]);
    for (std::string& key : list_of(*(*reply)->element[1])) out.push_back(std::move(key));
  } while (cursor != "0");
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace steelyard::fleet
