#pragma once
// What a provider signed or encrypted and a client of another dialect carries (hub_carrier.h) gets
// a seal on its way out: HMAC-SHA256 with a key of the account and the model that made it, cut to
// 128 bits, and before it 24 bits that say whose it may be. Only what has the seal of the very
// account and model that a request goes to is given back: neither what another one made nor what a
// client made up (research/wire 1.2.7, 2.7). No memory: each replica with the same configuration,
// and each start of it, has the same keys.
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_answer.h"

namespace steelyard::dialect::hub {

struct StateKey {
  std::array<unsigned char, 32> bytes{};
  std::array<char, 4> name{};  // base64url, made with `bytes`: it stands in the seal
};
// `account`: where the provider is reached; `secret`: what it knows us by, which clients do not;
// `model`: as the provider calls it.
StateKey state_key_of(std::string_view account, std::string_view secret, std::string_view model);

enum class StateKind : unsigned char { openai, anthropic, redacted, gemini, chat };

// A dot, the key's name and 22 letters of base64url behind the payload. Escaped texts: how a client
// escapes them anew does not matter.
inline constexpr std::size_t seal_bytes = 27;
void append_seal(std::string& out, const StateKey& key, StateKind kind, std::string_view payload);
// Takes the seal off the payload's end; false, and the payload as it was, if this key made none.
bool take_seal(std::string_view& payload, const StateKey& key, StateKind kind);

// Who made the newest state that a request carries sealed: index into `keys`, or -1. `where`: the
// part that says so.
int newest_maker(const Request& request, std::span<const StateKey> keys, const Part*& where);

// What a signature of an answer's events (hub_answer.h) will be when it comes back from a client of
// the provider's own dialect; "": it goes to others only.
std::string_view bare_state(std::string_view signature);

// All that the parts of a request carry: opened, or marked as nobody's, which every writer passes
// over and tells.
void open_seals(Request& request, const StateKey& key);

// Events of an answer on their way to a client that will carry its state. `key` outlives it.
class Sealer final : public EventSink {
 public:
  Sealer(const StateKey& key, Wire client, EventSink& next)
      : key_(key), client_(client), next_(next) {}
  void take(const Event& event) override;

 private:
  void open(const Event& event);
  void signature(const Event& event);
  void close(const Event& event);

  const StateKey& key_;
  Wire client_;
  EventSink& next_;
  std::string text_;
  std::string plain_;  // Anthropic's signature so far: it comes in pieces
};

}  // namespace steelyard::dialect::hub
