#pragma once
// The store as a place where scripts run. Redis or Valkey in production; tests run the same scripts
// without a server.
#include <span>
#include <string>
#include <vector>

#include "config/types/result.h"
#include "gateway/fleet/scripts.h"

namespace steelyard::fleet {

class Server {
 public:
  virtual ~Server() = default;
  // The script's answer, a list of texts. An error says nothing about whether it ran: it may still
  // run, later than calls that are made after it.
  virtual Result<std::vector<std::string>> run(const Script& script,
                                               std::span<const std::string> keys,
                                               std::span<const std::string> arguments) = 0;
  // Connects if need be. Names the server's process: another name, and it has been restarted.
  virtual Result<std::string> run_name() = 0;
  // Every key that begins with `prefix`. Slow; for operators.
  virtual Result<std::vector<std::string>> keys(const std::string& prefix) = 0;
};

}  // namespace steelyard::fleet
