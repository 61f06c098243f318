#include "tests/bench/load/response_reader.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace steelyard::bench {
namespace {

constexpr std::size_t head_bytes_max = 64u << 10;
constexpr std::size_t line_bytes_max = 8u << 10;

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool read_whole(std::string_view text, std::uint64_t& out, int base) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return failed == std::errc() && end == text.data() + text.size();
}

}  // namespace

void ResponseReader::next() {
  state_ = State::head;
  head_.clear();
  line_.clear();
}

void ResponseReader::fail(const char* why) {
  state_ = State::failed;
  why_ = why;
}

std::size_t ResponseReader::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && state_ != State::done && state_ != State::failed) {
    const std::string_view rest = bytes.substr(used);
    if (state_ == State::head) {
      used += take_head(rest);
    } else if (state_ == State::sized || state_ == State::chunk_data) {
      used += take_data(rest);
    } else {
      used += take_line(rest);
    }
  }
  return used;
}

std::size_t ResponseReader::take_head(std::string_view bytes) {
  const std::size_t before = head_.size();
  head_ += bytes.substr(0, head_bytes_max);
  const std::size_t end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
  if (end == head_.npos) {
    if (head_.size() >= head_bytes_max) fail("the head does not end");
    return bytes.size();
  }
  head_.resize(end + 2);
  const std::size_t used = end + 4 - before;
  if (!read_head()) return used;
  if (chunked_) {
    state_ = State::chunk_size;
  } else if (left_ == 0) {
    finish();
  } else {
    state_ = State::sized;
  }
  return used;
}

bool ResponseReader::read_head() {
  chunked_ = sized_ = close_after_ = false;
  left_ = 0;
  std::uint64_t status = 0;
  if (!head_.starts_with("HTTP/1.1 ") || !read_whole(head_.substr(9, 3), status, 10))
    return fail("no HTTP/1.1 status line"), false;
  status_ = static_cast<int>(status);
  for (std::size_t at = head_.find("\r\n") + 2; at < head_.size();) {
    const std::size_t end = head_.find("\r\n", at);
    const std::string_view line = std::string_view(head_).substr(at, end - at);
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return fail("a field without a colon"), false;
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    read_field(line.substr(0, colon), value);
    at = end + 2;
  }
  if (chunked_ == sized_) return fail("neither or both of Content-Length and chunked"), false;
  return state_ != State::failed;
}

void ResponseReader::read_field(std::string_view name, std::string_view value) {
  if (same(name, "content-length")) {
    if (sized_ || !read_whole(value, left_, 10)) fail("a bad Content-Length");
    sized_ = true;
  } else if (same(name, "transfer-encoding")) {
    if (chunked_ || !same(value, "chunked")) fail("a bad Transfer-Encoding");
    chunked_ = true;
  } else if (same(name, "connection")) {
    close_after_ = same(value, "close");
  }
}

std::size_t ResponseReader::take_data(std::string_view bytes) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  if (!sink_->body(bytes.substr(0, size))) return fail("the body is not what was sent"), size;
  left_ -= size;
  if (left_ != 0) return size;
  if (state_ == State::chunk_data) {
    state_ = State::chunk_end;
  } else {
    finish();
  }
  return size;
}

// Lines between chunks: sizes, the empty one after data, trailer fields.
std::size_t ResponseReader::take_line(std::string_view bytes) {
  const std::size_t end = bytes.find('\n');
  const std::size_t size = end == bytes.npos ? bytes.size() : end + 1;
  line_ += bytes.substr(0, size);
  if (line_.size() > line_bytes_max) return fail("a line between chunks does not end"), size;
  if (end != bytes.npos) line_complete();
  return size;
}

void ResponseReader::line_complete() {
  if (!line_.ends_with("\r\n")) return fail("a bare line feed between chunks");
  const std::string_view line(line_.data(), line_.size() - 2);
  if (state_ == State::chunk_end) {
    if (!line.empty()) return fail("a chunk is longer than it says");
    state_ = State::chunk_size;
  } else if (state_ == State::trailer) {
    if (line.empty()) finish();
  } else {
    if (!read_whole(line.substr(0, line.find(';')), left_, 16)) return fail("a bad chunk size");
    state_ = left_ == 0 ? State::trailer : State::chunk_data;
  }
  line_.clear();
}

void ResponseReader::finish() {
  if (!sink_->end()) return fail("the body ended too early");
  state_ = State::done;
}

}  // namespace steelyard::bench
