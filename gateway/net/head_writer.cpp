#include "gateway/net/head_writer.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "config/types/decimal_digits.h"
#include "gateway/net/head_reader_bytes.h"

namespace steelyard::net {
namespace {

constexpr std::size_t decimal_max = 20;

bool is_name(std::string_view text) {
  if (text.empty()) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return bytes::is_token(c); });
}

bool is_value(std::string_view text) {
  std::size_t at = 0;
  for (; at + bytes::block <= text.size(); at += bytes::block) {
    if (bytes::printable_mask(text.data() + at) != 0xffffu) break;
  }
  for (; at < text.size(); ++at) {
    if (!bytes::is_text(text[at])) return false;
  }
  return true;
}

bool is_target(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

std::string_view reason_phrase(unsigned status) {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 424: return "Failed Dependency";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 451: return "Unavailable For Legal Reasons";
    case 499: return "Client Closed Request";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    case 529: return "Overloaded";
    default: return "Unknown";
  }
}

std::size_t write_decimal(char* to, std::uint64_t value) {
  if (value < 1'000'000) {
    char* const rest = value < 1000 ? to : put_first(to, value / 1000);
    char* const end = value < 1000 ? put_first(to, value) : put_three(rest, value % 1000);
    return static_cast<std::size_t>(end - to);
  }
  std::array<char, decimal_max> digits;
  std::size_t at = digits.size();
  do {
    digits[--at] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  std::memcpy(to, digits.data() + at, digits.size() - at);
  return digits.size() - at;
}

bool HeadWriter::status_line(unsigned status) {
  if (status == 200) return append_raw("HTTP/1.1 200 OK\r\n");
  if (status < 100 || status > 599) return false;
  const std::string_view reason = reason_phrase(status);
  if (!fits(reason.size() + 15)) return false;
  put("HTTP/1.1 ");
  at_ += write_decimal(at_, status);
  put(" ");
  put(reason);
  put("\r\n");
  return true;
}

bool HeadWriter::request_line(std::string_view method, std::string_view target) {
  if (!is_name(method) || !is_target(target)) return false;
  if (!fits(method.size() + target.size() + 12)) return false;
  put(method);
  put(" ");
  put(target);
  put(" HTTP/1.1\r\n");
  return true;
}

bool HeadWriter::append_field(std::string_view name, std::string_view value) {
  return append_field(name, value, {});
}

bool HeadWriter::append_field(std::string_view name, std::uint64_t value) {
  std::array<char, decimal_max> digits;
  const std::size_t count = write_decimal(digits.data(), value);
  return append_field(name, {digits.data(), count}, {});
}

bool HeadWriter::append_field(std::string_view name, std::string_view value,
                              std::string_view more) {
  if (!is_name(name) || !is_value(value) || !is_value(more)) return false;
  if (!fits(name.size() + value.size() + more.size() + 4)) return false;
  put(name);
  put(": ");
  put(value);
  put(more);
  put("\r\n");
  return true;
}

bool HeadWriter::append_value(std::string_view name_colon, std::string_view value) {
  if (!is_value(value) || !fits(name_colon.size() + value.size() + 2)) return false;
  put(name_colon);
  put(value);
  put("\r\n");
  return true;
}

bool HeadWriter::append_number(std::string_view name_colon, std::uint64_t value) {
  if (!fits(name_colon.size() + decimal_max + 2)) return false;
  put(name_colon);
  at_ += write_decimal(at_, value);
  put("\r\n");
  return true;
}

}  // namespace steelyard::net
