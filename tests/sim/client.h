#pragma once
// A scripted client on one connection: sends its requests one by one or all at once, reads fast,
// slowly or not at all, leaves when it likes, and checks every byte it is given.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/answer_reader.h"
#include "tests/sim/link.h"
#include "tests/sim/loop.h"
#include "tests/sim/records.h"

namespace steelyard::sim {

struct World;

class Client {
 public:
  Client(World& world, std::size_t number, std::uint64_t seed);
  void start(std::shared_ptr<Link> link);
  const std::vector<Asked>& asked() const { return asked_; }
  bool gone() const { return gone_; }
  bool left() const { return left_; }
  // The first requests that were sent as a whole and are not garbage.
  std::size_t whole_sent() const { return sent_whole_; }

 private:
  struct Planned {
    Asked ask;
    std::string bytes;
    bool half = false;  // and then nothing more
  };
  void plan();
  Planned plan_one(std::size_t index);
  std::string body_of(const Asked& ask);
  std::string request_of(const Asked& ask, const std::string& body);
  void send_next();
  void flush();
  void on_wake();
  void read_some();
  void leave(bool hard);
  void ended_by_gateway();

  World& world_;
  std::size_t number_;
  Dice dice_;
  std::shared_ptr<Link> link_;
  std::vector<Planned> planned_;
  std::vector<Asked> asked_;
  AnswerReader reader_;
  std::string out_;
  std::size_t next_ = 0, sent_whole_ = 0;
  bool pipelined_ = false, slow_ = false, stops_ = false, http_1_0_ = false, garbage_ = false;
  bool gone_ = false, left_ = false, read_posted_ = false;
  std::int64_t read_budget_ = 0;  // before it stops reading
};

}  // namespace steelyard::sim
