// What an answer may say: text of one provider, of this very request, without a gap; one terminal
// event; an error in the dialect's words.
#include <charconv>

#include "tests/sim/answer_reader.h"
#include "tests/sim/text.h"

namespace steelyard::sim {

// "mark.arrival.n " again and again.
void AnswerReader::see_text(std::string_view text, Asked& ask) {
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    if (end == std::string_view::npos) return complain("half a piece of text");
    const std::string piece(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (!piece.starts_with(ask.mark + ".")) return complain("text of another request: " + piece);
    const std::int64_t arrival = number_after(piece, ask.mark + ".");
    const std::int64_t n =
        number_after(piece, ask.mark + "." + std::to_string(arrival) + ".");
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

void AnswerReader::check_event(std::string_view data, Asked& ask) {
  if (ask.done || ask.error_event)
    return complain("an event behind the last one: " + std::string(data.substr(0, 60)));
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
  while (!lost_ && !rest.empty()) {
    const std::size_t crlf = rest.find("\r\n\r\n"), lf = rest.find("\n\n");
    const std::size_t end = std::min(crlf, lf);
    if (end == std::string_view::npos) break;
    const std::string_view event = rest.substr(0, end);
    rest.remove_prefix(end + (crlf < lf ? 4 : 2));
    if (event.empty() || event.front() == ':') continue;
    if (!event.starts_with("data: ") && !event.starts_with("event: error\ndata: "))
      return complain("a strange event: " + std::string(event.substr(0, 60)));
    check_event(event.substr(event.find("data: ") + 6), ask);
  }
  if (!whole || lost_) return;
  if (!rest.empty()) complain("half an event at the end: " + std::string(rest.substr(0, 60)));
  if (ask.done == ask.error_event) complain("a stream without a terminal event");
}

}  // namespace steelyard::sim
