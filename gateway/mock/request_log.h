#pragma once
// The last requests as they came, for tests that check what a gateway forwards. Internal to
// gateway/mock.
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/mock/mock_server.h"
#include "gateway/mock/request_reader.h"

namespace steelyard::mock {

class RequestLog {
 public:
  explicit RequestLog(std::size_t kept) : ring_(kept) {}

  void add(const RequestView& request);  // copies; slots are reused, so no allocation once full
  void reset();
  std::vector<RecordedRequest> last(std::size_t count) const;  // oldest first

 private:
  struct Entry {
    std::string head;
    std::string body;
  };
  mutable std::mutex mutex_;
  std::vector<Entry> ring_;
  std::uint64_t count_ = 0;
};

std::string requests_json(const std::vector<RecordedRequest>& requests);

}  // namespace steelyard::mock
