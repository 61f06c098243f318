#pragma once
// Which results of tools answer a call that was made before them in the same request. Costs nothing
// where no tool was called.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace steelyard::dialect {

// What is wrong with a result that answers no call, in OpenAI's words: clients look for them.
inline constexpr std::string_view chat_orphan =
    "answers no call: messages with role 'tool' must be a response to a preceding message with "
    "'tool_calls'";

class ToolPairs {
 public:
  enum class Standing : std::uint8_t {
    known,    // it answers a call made before it
    strange,  // no call has its id, but one waits for its result: a provider may take it for that
    orphan,   // and no call waits
  };

  void clear();
  // Texts are escaped, as they stand inside their JSON strings.
  void call(std::string_view id);
  // What else a result may name: a call's name (Gemini), an item that only one dialect knows.
  void also(std::string_view name);
  // Calls may have been made that cannot be seen, in a summary of earlier turns: all is known now.
  void hide() { hidden_ = true; }

  // `name`: what else it says of its call, or "".
  Standing result(std::string_view id, std::string_view name = {});

 private:
  bool has(std::string_view id) const;
  void add(std::uint64_t hash);

  std::vector<std::uint64_t> slots_;  // of a hash table; 0 is free
  std::size_t used_ = 0, waiting_ = 0;
  bool hidden_ = false;
};

}  // namespace steelyard::dialect
