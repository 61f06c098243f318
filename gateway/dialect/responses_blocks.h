#pragma once
// Items of a response as blocks of the hub. Responses may talk about several items at a time and
// say everything twice; the hub does neither (research/wire 2.6.4). Used by responses_events.h.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/dialect/hub_answer.h"

namespace steelyard::dialect::responses {

// What an item is, wherever it stands; views into its JSON.
struct ItemFacts {
  std::string_view raw, type, id, call_id, name, arguments, input, encrypted;
  std::string_view content, summary;  // raw arrays
  bool phase = false;                 // says whether it is a remark or the answer
};
// False: no JSON object.
bool read_item(std::string_view json, ItemFacts& out);

// One per answer.
class ItemBlocks {
 public:
  // An item began (or was first heard of by a delta: `facts` empty). Known ones stay as they are.
  void begin(std::uint32_t index, const ItemFacts& facts, hub::EventSink& sink);
  // More of an item's text. `part`: index of the content or summary part; `logprobs`: raw array.
  void piece(std::uint32_t index, hub::BlockKind kind, std::uint32_t part, std::string_view text,
             std::string_view logprobs, hub::EventSink& sink);
  // The item as a whole: what was not said yet is said now.
  void whole(std::uint32_t index, const ItemFacts& facts, hub::EventSink& sink);
  // The answer is over: nothing more comes of any item.
  void finish(hub::EventSink& sink);
  bool calls() const { return calls_; }        // the client was asked to run a tool
  bool nameless() const { return nameless_; }  // among them one without its name
  hub::Dropped lost() const { return lost_; }

 private:
  hub::Dropped lost_;  // what stands beside a text and could not be said
  struct Piece {
    hub::BlockKind kind;
    std::uint32_t part;
    std::string text, logprobs;  // logprobs raw, as are:
    std::string annotations;     // what the part was taken from; the piece then has no text
  };
  struct Item {
    std::uint32_t index = 0;
    std::string type, call_id, name, signature, native;  // escaped; native raw
    std::vector<Piece> waiting;
    std::vector<std::string> said;  // by part, waiting ones included
    bool whole = false, closed = false;
    bool weighed = false;  // its deltas came with logprobs
  };
  Item& item(std::uint32_t index);
  void name(Item& item, const ItemFacts& facts);
  void rest(Item& item, hub::BlockKind kind, std::uint32_t part, std::string_view text,
            std::string_view logprobs = {});
  void parts(Item& item, std::string_view json, bool thoughts);
  void advance(hub::EventSink& sink);
  void send(Item& item, hub::EventSink& sink);
  void open(hub::BlockKind kind, const Item& item, std::string_view raw, hub::EventSink& sink);
  void delta(hub::DeltaKind what, std::string_view text, hub::EventSink& sink,
             std::string_view logprobs = {});
  void beside(const Piece& piece, hub::EventSink& sink);
  void close(hub::EventSink& sink);

  std::vector<Item> items_;  // in the order they were first heard of
  std::size_t current_ = 0;  // first that is not closed
  std::uint32_t next_ = 0;   // block
  std::uint32_t part_ = 0;   // of the open block
  hub::BlockKind kind_ = hub::BlockKind::text;
  bool open_ = false, custom_ = false, calls_ = false, nameless_ = false;
};

}  // namespace steelyard::dialect::responses
