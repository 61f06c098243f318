#include "gateway/mock/request_reader.h"

#include <cstring>

namespace steelyard::mock {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lower_case[i]) return false;
  }
  return true;
}

// Whether a comma-separated list holds the name.
bool list_has(std::string_view list, std::string_view lower_case) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view item = list.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (same(item, lower_case)) return true;
    list.remove_prefix(comma == list.size() ? comma : comma + 1);
  }
  return false;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

RequestReader::Status RequestReader::refuse(int status) {
  error_ = status;
  return Status::bad;
}

bool RequestReader::parse_request_line(std::string_view line, const char* data) {
  const std::size_t space = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (space == 0 || space == std::string_view::npos || last <= space + 1) return false;
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  if (line.substr(space + 1, last - space - 1).find(' ') != std::string_view::npos) return false;
  http10_ = version.back() == '0';
  keep_alive_ = !http10_;
  const auto begin = static_cast<std::uint32_t>(line.data() - data);
  method_ = {begin, static_cast<std::uint32_t>(space)};
  target_ = {begin + static_cast<std::uint32_t>(space) + 1,
             static_cast<std::uint32_t>(last - space - 1)};
  return true;
}

bool RequestReader::parse_length(std::string_view value) {
  std::size_t length = 0;
  if (value.empty() || value.size() > 18) return false;
  for (char c : value) {
    if (c < '0' || c > '9') return false;
    length = length * 10 + static_cast<std::size_t>(c - '0');
  }
  if (has_length_ && length != length_) return false;
  has_length_ = true;
  length_ = length;
  return true;
}

bool RequestReader::parse_field(std::string_view line, const char* data) {
  const std::size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  if (name.find_first_of(" \t") != std::string_view::npos) return false;
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  switch (name.size()) {
    case 4:
      if (!same(name, "host")) return true;
      if (has_host_) return false;
      return has_host_ = true;
    case 6:
      if (same(name, "expect")) expects_ = same(value, "100-continue");
      return true;
    case 10:
      if (!same(name, "connection")) return true;
      if (list_has(value, "close")) keep_alive_ = false;
      if (list_has(value, "keep-alive") && http10_) keep_alive_ = true;
      return true;
    case 13:
      if (same(name, "authorization")) {
        authorization_ = {static_cast<std::uint32_t>(value.data() - data),
                          static_cast<std::uint32_t>(value.size())};
      }
      return true;
    case 14: return !same(name, "content-length") || parse_length(value);
    case 17:
      if (!same(name, "transfer-encoding")) return true;
      if (chunked_ || !same(value, "chunked")) {
        error_ = 501;
        return false;
      }
      return chunked_ = true;
    default: return true;
  }
}

bool RequestReader::parse_head(const char* data) {
  const char* line = data;
  const char* const end = data + head_ - 2;  // the empty line
  bool first = true;
  while (line < end) {
    const auto* stop =
        static_cast<const char*>(std::memchr(line, '\n', static_cast<std::size_t>(end - line)));
    if (stop == nullptr || stop == line || stop[-1] != '\r') return false;
    const std::string_view text(line, static_cast<std::size_t>(stop - line) - 1);
    if (text.find('\r') != std::string_view::npos || text.find('\0') != std::string_view::npos) {
      return false;
    }
    if (first ? !parse_request_line(text, data) : !parse_field(text, data)) return false;
    first = false;
    line = stop + 1;
  }
  if (first || (chunked_ && has_length_) || (!has_host_ && !http10_)) return false;
  return true;
}

bool RequestReader::read_chunk_size(std::string_view line) {
  std::size_t size = 0;
  std::size_t digits = 0;
  while (digits < line.size() && hex_value(line[digits]) >= 0) {
    size = size * 16 + static_cast<std::size_t>(hex_value(line[digits]));
    if (++digits > 8) return false;
  }
  if (digits == 0) return false;
  if (digits < line.size() && line[digits] != ';') return false;
  length_ = size;
  return true;
}

RequestReader::Status RequestReader::read_chunks(char* data, std::size_t size) {
  while (true) {
    if (chunk_ == Chunk::data) {
      const std::size_t part = std::min(length_, size - scanned_);
      std::memmove(data + head_ + body_, data + scanned_, part);
      body_ += part;
      scanned_ += part;
      length_ -= part;
      if (length_ != 0) return Status::more;
      chunk_ = Chunk::data_end;
    }
    const auto* stop =
        static_cast<const char*>(std::memchr(data + scanned_, '\n', size - scanned_));
    if (stop == nullptr) return size - scanned_ > kHeadMax ? refuse(400) : Status::more;
    const std::string_view line(data + scanned_, static_cast<std::size_t>(stop - data) - scanned_);
    if (line.empty() || line.back() != '\r') return refuse(400);
    scanned_ += line.size() + 1;
    if (chunk_ == Chunk::data_end) {
      if (line.size() != 1) return refuse(400);
      chunk_ = Chunk::size;
    } else if (chunk_ == Chunk::size) {
      if (!read_chunk_size(line.substr(0, line.size() - 1))) return refuse(400);
      if (body_ + length_ > kBodyMax) return refuse(413);
      chunk_ = length_ == 0 ? Chunk::trailer : Chunk::data;
    } else if (line.size() == 1) {
      end_ = scanned_;
      return Status::complete;
    }
  }
}

RequestReader::Status RequestReader::feed(char* data, std::size_t size) {
  if (head_ == 0) {
    const std::size_t from = scanned_ < 3 ? 0 : scanned_ - 3;
    const void* found = ::memmem(data + from, size - from, "\r\n\r\n", 4);
    scanned_ = size;
    if (found == nullptr) return size > kHeadMax ? refuse(431) : Status::more;
    head_ = static_cast<std::size_t>(static_cast<const char*>(found) - data) + 4;
    if (head_ > kHeadMax) return refuse(431);
    if (!parse_head(data)) return refuse(error_);
    if (length_ > kBodyMax) return refuse(413);
    scanned_ = head_;
  }
  if (chunked_) return read_chunks(data, size);
  if (size - head_ < length_) return Status::more;
  body_ = length_;
  end_ = head_ + length_;
  return Status::complete;
}

RequestView RequestReader::view(const char* data) const {
  const auto text = [data](Slice slice) {
    return std::string_view(data + slice.begin, slice.length);
  };
  RequestView view;
  view.head = {data, head_};
  view.method = text(method_);
  view.target = text(target_);
  view.authorization = text(authorization_);
  view.body = {data + head_, body_};
  view.keep_alive = keep_alive_;
  view.http10 = http10_;
  return view;
}

std::size_t RequestReader::wanted() const {
  if (head_ == 0 || chunked_) return 0;
  return head_ + length_;
}

bool RequestReader::take_expectation() {
  const bool expected = expects_ && head_ != 0;
  if (expected) expects_ = false;
  return expected;
}

}  // namespace steelyard::mock
