#pragma once
// Readiness of descriptors, from one edge-triggered epoll set: each descriptor is registered once
// and remembers what it was told, so neither a fruitless read nor an epoll_ctl is paid per event.
// One thread runs a reactor; everything registered with it belongs to that thread.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace steelyard::net {

class Postbox;
class Reactor;

// What a descriptor may do now, as far as the kernel said.
struct Readiness {
  bool readable = false;  // or ended: a read will not block
  bool writable = false;  // or ended
  bool ended = false;     // the peer will send no more, or the connection broke
};

// Something that waits for a descriptor. Its destructor ends the registration; events that were
// already fetched from the kernel are then dropped.
class Watch {
 public:
  explicit Watch(Reactor& reactor) : reactor_(reactor) {}
  virtual ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 protected:
  friend class Reactor;
  // May destroy *this.
  virtual void on_ready(Readiness now) = 0;
  // After defer(), from the loop. May destroy *this.
  virtual void on_deferred() {}
  // Before anything is served in a turn of which it is not the only one: may read one small message
  // into the inbox. Destroys nothing. Whether on_ready() need not be told that it is readable.
  virtual bool on_fetch(Readiness) { return false; }
  // What was fetched for it and not taken in that turn: the inbox is used again.
  virtual void on_keep(std::span<const char>) {}
  // What it put into the outbox is to be sent now. Destroys nothing.
  virtual void on_send(std::span<const char>) {}
  void watch(int descriptor);      // false positives only: errors show when the descriptor is used
  void take_over(int descriptor);  // it was registered by another Watch that lets it go
  void defer();                    // on_deferred() before the loop waits again; once is enough
  std::uint64_t token() const { return token_; }
  Reactor& reactor() const { return reactor_; }

 private:
  void enroll();
  Reactor& reactor_;
  std::uint64_t token_ = 0;  // slot and generation; 0: not enrolled
  bool deferred_ = false;
};

class Reactor {
 public:
  Reactor();
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Sends what is in the outbox, waits (unless work is deferred), reads small messages into the
  // inbox where several are ready, then serves what is ready.
  void turn();
  // Sends what is in the outbox now.
  void send_all();
  Postbox& outbox() { return *outbox_; }
  Postbox& inbox() { return *inbox_; }
  // Is more than one descriptor ready in this turn? Alone, a message has nothing to wait for.
  bool gathers() const { return gathers_; }
  void gather(bool on) { gathers_ = on; }
  // Whether the Watch with this token still lives.
  bool alive(std::uint64_t token) const { return find(token) != nullptr; }

 private:
  friend class Watch;
  struct Slot {
    Watch* watch = nullptr;
    std::uint32_t generation = 1;
    std::uint32_t next_free = 0;
  };
  Watch* find(std::uint64_t token) const {
    const Slot& slot = slots_[static_cast<std::uint32_t>(token)];
    return slot.generation == token >> 32 ? slot.watch : nullptr;
  }
  std::uint64_t enroll(Watch& watch);
  void forget(std::uint64_t token);
  void serve_deferred();
  void keep_all();
  bool fetch(std::uint64_t token, std::uint32_t events);

  int epoll_ = -1;
  std::vector<Slot> slots_;
  std::uint32_t free_ = 0;  // first of the free list; 0: none (slot 0 is never used)
  std::vector<std::uint64_t> deferred_, serving_;
  std::unique_ptr<Postbox> outbox_, inbox_;
  bool gathers_ = false;
};

}  // namespace steelyard::net
