#include "gateway/mock/request_log.h"

#include <algorithm>

#include "config/types/json_writer.h"

namespace steelyard::mock {
namespace {

constexpr std::size_t kBodyKept = 4u << 20;
constexpr std::size_t kSlotKept = 256u << 10;  // a slot larger than this is not kept for reuse

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The head has been parsed before, so it is well formed.
void split_head(std::string_view head, RecordedRequest& out) {
  std::size_t end = head.find("\r\n");
  const std::string_view line = head.substr(0, end);
  const std::size_t space = line.find(' ');
  out.method.assign(line.substr(0, space));
  out.target.assign(line.substr(space + 1, line.rfind(' ') - space - 1));
  while (true) {
    head.remove_prefix(end + 2);
    end = head.find("\r\n");
    if (end == 0 || end == std::string_view::npos) return;
    const std::size_t colon = head.find(':');
    out.headers.emplace_back(head.substr(0, colon),
                             trimmed(head.substr(colon + 1, end - colon - 1)));
  }
}

}  // namespace

void RequestLog::add(const RequestView& request) {
  if (ring_.empty()) return;
  std::lock_guard lock(mutex_);
  Entry& entry = ring_[count_++ % ring_.size()];
  const std::string_view body = request.body.substr(0, kBodyKept);
  if (entry.body.capacity() > kSlotKept && body.size() < kSlotKept) std::string().swap(entry.body);
  entry.head.assign(request.head);
  entry.body.assign(body);
}

void RequestLog::reset() {
  std::lock_guard lock(mutex_);
  count_ = 0;
}

std::vector<RecordedRequest> RequestLog::last(std::size_t count) const {
  std::vector<RecordedRequest> out;
  std::lock_guard lock(mutex_);
  const std::uint64_t held = std::min<std::uint64_t>(count_, ring_.size());
  const std::uint64_t taken = std::min<std::uint64_t>(held, count);
  for (std::uint64_t number = count_ - taken; number < count_; ++number) {
    const Entry& entry = ring_[number % ring_.size()];
    RecordedRequest request;
    request.number = number + 1;
    split_head(entry.head, request);
    request.body = entry.body;
    out.push_back(std::move(request));
  }
  return out;
}

std::string requests_json(const std::vector<RecordedRequest>& requests) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("requests").begin_array();
  for (const RecordedRequest& request : requests) {
    json.begin_object().field("number", static_cast<std::int64_t>(request.number));
    json.field("method", request.method).field("target", request.target);
    json.key("headers").begin_array();
    for (const auto& [name, value] : request.headers) {
      json.begin_array().string(name).string(value).end_array();
    }
    json.end_array().field("body", request.body).end_object();
  }
  json.end_array().end_object();
  return out;
}

}  // namespace steelyard::mock
