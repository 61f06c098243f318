#pragma once
// What the load generator was asked for.
#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <vector>

namespace steelyard::bench {

struct LoadOptions {
  sockaddr_in target{};
  std::string path = "/v1/chat/completions";
  std::string body;
  std::vector<std::string> headers;  // `Name: value`
  int connections = 1;
  std::uint64_t requests = 0;  // closed loop: in all, warm-up not counted; 0: until `seconds`
  std::uint64_t warmup = 0;    // first requests, checked but not timed
  double seconds = 0;
  double rate = 0;                // open loop: requests a second over all connections
  std::uint64_t seed = 1;         // of the arrival times
  bool stream = false;            // answers are event streams
  std::uint32_t frames = 0;       // content events of each stream; put into the body as max_tokens
  std::int64_t ramp_ns = 0;       // streams start evenly over this time
  std::int64_t held_back_ns = 0;  // an event older than this on arrival was held back; 0: any age
  std::size_t answer_bytes = 0;   // as the upstream was told; 0: do not compare bodies
  std::int64_t deadline_ns = 0;   // the whole run
  bool sheds = false;             // 429 and 503 (or 529) are answers too, counted apart
  bool any_events = false;        // another dialect's stream: its events are counted, not compared
};

// Reads the command line; exits on --help, on a mistake, and on an address that is not loopback.
LoadOptions read_options(int argc, char** argv);

// The request as sent, head and body.
std::string request_text(const LoadOptions& options);

}  // namespace steelyard::bench
