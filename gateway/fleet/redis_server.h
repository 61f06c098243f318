#pragma once
// A Redis or Valkey over one blocking connection. Not thread-safe: it belongs to the agent's
// thread.
#include <map>
#include <memory>

#include "config/spec/fleet_spec.h"
#include "gateway/fleet/server.h"

struct redisContext;
struct redisReply;

namespace steelyard::fleet {

class RedisServer final : public Server {
 public:
  explicit RedisServer(FleetSpec spec);
  ~RedisServer() override;
  Result<std::vector<std::string>> run(const Script& script, std::span<const std::string> keys,
                                       std::span<const std::string> arguments) override;
  Result<std::string> run_name() override;
  Result<std::vector<std::string>> keys(const std::string& prefix) override;

 private:
  struct FreeContext {
    void operator()(redisContext* context) const;
  };
  struct FreeReply {
    void operator()(redisReply* reply) const;
  };
  using Reply = std::unique_ptr<redisReply, FreeReply>;

  Result<void> connect();
  // An error: the connection is gone, or the server said one.
  Result<Reply> call(std::span<const std::string_view> words);
  Error lost(const std::string& what);  // closes the connection

  FleetSpec spec_;
  std::unique_ptr<redisContext, FreeContext> context_;
  std::string run_name_;
  std::map<std::string_view, std::string> digests_;  // by script
};

}  // namespace steelyard::fleet
