// What an answer may say: text of one provider, of this very request, without a gap; one terminal
// event; an error in the dialect's words.
#include <charconv>

#include "tests/sim/answer_reader.h"
#include "tests/sim/text.h"

namespace steelyard::sim {

// "mark.arrival.n " again and again; behind the first one also "~" and the last digit of n.
void AnswerReader::see_text(std::string_view text, Asked& ask) {
  while (!text.empty()) {
    if (text.starts_with('~')) {
      const bool next = ask.shown != 0 && text.size() > 1 && text[1] == '0' + ask.shown % 10;
      if (!next) return complain("a gap in the text: " + std::string(text.substr(0, 20)));
      ++ask.shown;
      text.remove_prefix(2);
      continue;
    }
    const std::size_t end = text.find(' ');
    if (end == std::string_view::npos) return complain("half a piece of text");
    const std::string piece(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (!piece.starts_with(ask.mark + ".")) return complain("text of another request: " + piece);
    const std::int64_t arrival = number_after(piece, ask.mark + ".");
    const std::int64_t n = number_after(piece, ask.mark + "." + std::to_string(arrival) + ".");
    if (ask.arrival < 0) ask.arrival = arrival;
    if (arrival != ask.arrival) return complain("text of two providers: " + piece);
    if (n != ask.shown) return complain("a gap in the text: " + piece);
    ++ask.shown;
  }
}

void AnswerReader::check_json() {
  if (answered_ >= asked_.size()) return;
  Asked& ask = asked_[answered_];
  if (status_ != 200) {
    if (status_ == 408 && body_.empty()) return;
    if (body_.find("\"error\"") == std::string::npos && body_.find("<html>") == std::string::npos)
      complain("an error that does not say so: " + body_.substr(0, 80));
    return;
  }
  if (ask.ask == Ask::chat) see_text(string_after(body_, "\"content\":"), ask);
}

namespace {

// One JSON object and nothing else. No text of this simulation has a quote or a brace in it, but
// the gateway's messages have escaped quotes.
bool whole_object(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') {
      ++i;
      continue;
    }
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    depth += (c == '{') - (c == '}');
    if (depth == 0 && i + 1 != text.size()) return false;
  }
  return depth == 0 && !quoted && text.starts_with('{');
}

}  // namespace

void AnswerReader::check_event(std::string_view data, Asked& ask) {
  if (ask.done || ask.error_event || half_event_) {
    // The gateway passes bytes on as they come: an event that broke off may stand before its error.
    const bool excused =
        half_event_ && whole_object(data) && data.find("\"error\"") != std::string_view::npos;
    if (!excused)
      return complain("an event behind the last one: " + std::string(data.substr(0, 200)));
  }
  half_event_ = data != "[DONE]" && !whole_object(data);
  if (half_event_) {
    half_text_ = data;
    return;
  }
  if (data == "[DONE]") {
    ask.done = true;
    return;
  }
  if (data.find("\"error\"") != std::string_view::npos) {
    ask.error_event = true;
    return;
  }
  if (data.find("\"choices\":[]") != std::string_view::npos && !ask.wants_usage)
    return complain("usage that nobody asked for");
  see_text(string_after(data, "\"content\":"), ask);
}

// `whole`: the body came to its end. Else the last event may be half.
void AnswerReader::check_stream(bool whole) {
  if (answered_ >= asked_.size()) return;
  Asked& ask = asked_[answered_];
  if (!ask.stream) return complain("a stream that nobody asked for");
  std::string_view rest = body_;
  for (;;) {
    while (rest.starts_with('\n') || rest.starts_with('\r')) rest.remove_prefix(1);
    if (lost_ || rest.empty()) break;
    const std::size_t crlf = rest.find("\r\n\r\n"), lf = rest.find("\n\n");
    const std::size_t end = std::min(crlf, lf);
    if (end == std::string_view::npos) break;
    std::string_view event = rest.substr(0, end);
    if (event.ends_with('\r')) event.remove_suffix(1);  // CRLF of the provider, LF of the gateway
    rest.remove_prefix(end + (crlf < lf ? 4 : 2));
    if (event.empty() || event.front() == ':') continue;
    if (event.find('\n') != std::string_view::npos)
      return complain("an event of two lines: " + std::string(event.substr(0, 200)));
    const bool data = event.starts_with("data: ");
    check_event(data ? event.substr(6) : event, ask);
  }
  if (whole && half_event_) complain("half an event that no error follows: " + half_text_);
  half_event_ = false;
  if (!whole || lost_) return;
  if (!rest.empty()) complain("half an event at the end: " + std::string(rest.substr(0, 60)));
  if (ask.done == ask.error_event) complain("a stream without a terminal event");
}

}  // namespace steelyard::sim
