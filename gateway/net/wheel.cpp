#include "gateway/net/wheel.h"

#include <algorithm>

namespace steelyard::net {

Deadline::~Deadline() {
  unlink();
}

void Deadline::unlink() {
  if (wheel_ == nullptr) return;
  if (wheel_->cursor_ == this) wheel_->cursor_ = next_;
  if (previous_ != nullptr) {
    previous_->next_ = next_;
  } else {
    const auto slot = static_cast<std::size_t>(queued_ns_ / Wheel::resolution_ns) % Wheel::slots;
    wheel_->heads_[slot] = next_;
  }
  if (next_ != nullptr) next_->previous_ = previous_;
  previous_ = next_ = nullptr;
  --wheel_->count_;
  wheel_ = nullptr;
}

void Deadline::set(Wheel& wheel, Tick due) {
  due_ = due;
  if (wheel_ != nullptr && queued_ns_ <= due.ns) return;  // visited in time, then re-queued
  unlink();
  wheel.link(*this);
}

Wheel::~Wheel() {
  for (Deadline* head : heads_) {
    while (head != nullptr) {
      Deadline* next = head->next_;
      head->wheel_ = nullptr;
      head->previous_ = head->next_ = nullptr;
      head = next;
    }
  }
}

void Wheel::link(Deadline& node) {
  const std::int64_t due_slot = std::max(node.due_.ns / resolution_ns, now_slot_);
  // Never more than one turn ahead: far deadlines are visited once a turn.
  const std::int64_t slot = std::min(due_slot, now_slot_ + static_cast<std::int64_t>(slots) - 1);
  node.queued_ns_ = slot * resolution_ns;
  node.wheel_ = this;
  Deadline*& head = heads_[static_cast<std::size_t>(slot) % slots];
  node.previous_ = nullptr;
  node.next_ = head;
  if (head != nullptr) head->previous_ = &node;
  head = &node;
  ++count_;
}

void Wheel::advance(Tick now) {
  const std::int64_t until = now.ns / resolution_ns;
  // After a long pause one full turn visits everything.
  now_slot_ = std::max(now_slot_, until - static_cast<std::int64_t>(slots));
  for (; now_slot_ < until;) {
    const auto slot = static_cast<std::size_t>(now_slot_) % slots;
    ++now_slot_;  // nodes linked from here on go to later slots
    cursor_ = heads_[slot];
    while (cursor_ != nullptr) {
      Deadline& node = *cursor_;
      cursor_ = node.next_;
      node.unlink();
      if (node.due_.ns == Deadline::never) continue;
      if (node.due_.ns > now.ns) {
        link(node);
        continue;
      }
      node.due_.ns = Deadline::never;
      node.callback_(node.owner_);
    }
  }
}

}  // namespace steelyard::net
