#include "gateway/dialect/state_seal.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/json_cursor.h"

namespace steelyard::dialect::hub {
namespace {

constexpr std::size_t mac_bytes = 16;

std::array<unsigned char, 32> hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, 32> out{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), &size);
  return out;
}

std::string_view view_of(const std::array<unsigned char, 32>& bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

// The payload of a carrier and whose it is; false for a tag without one.
bool payload_of(std::string_view carrier, StateKind& kind, std::string_view& payload) {
  SignatureOf what = SignatureOf::call;
  kind = StateKind::gemini;
  if (read_gemini_carrier(carrier, what, payload)) return true;
  const bool chat = carrier.starts_with(chat_tag);
  kind = chat ? StateKind::chat : StateKind::openai;
  payload = carrier;
  if (!chat && !carrier.starts_with(openai_tag)) return false;
  payload.remove_prefix(chat ? chat_tag.size() : openai_tag.size());
  return true;
}

// What a part carries with its seal, and whose it is; false: nothing that could be sealed.
bool sealed_of(const Part& part, StateKind& kind, std::string_view& payload) {
  if (part.kind == PartKind::redacted_thinking) {
    kind = StateKind::redacted;
    payload = part.text;
    return part.carried;
  }
  if (part.kind != PartKind::thinking) return false;
  kind = StateKind::anthropic;
  payload = part.signature;
  return part.carried || payload_of(part.signature, kind, payload);
}

void open_thinking(Part& part, const StateKey& key) {
  StateKind kind{};
  std::string_view payload;
  if (sealed_of(part, kind, payload) && take_seal(payload, key, kind))
    part.signature.remove_suffix(seal_bytes);
  else
    part.signature = carrier_tag;
}

std::string_view name_of(const StateKey& key) {
  return {key.name.data(), key.name.size()};
}

}  // namespace

StateKey state_key_of(std::string_view account, std::string_view secret, std::string_view model) {
  StateKey key;
  key.bytes = hmac(
      secret, std::string("steelyard state 2\n").append(account).append(1, '\n').append(model));
  std::string name;
  append_base64url(name, view_of(hmac(view_of(key.bytes, key.bytes.size()), "name"), 3));
  std::copy_n(name.begin(), key.name.size(), key.name.begin());
  return key;
}

void append_seal(std::string& out, const StateKey& key, StateKind kind, std::string_view payload) {
  std::string text(1, static_cast<char>('0' + static_cast<int>(kind)));
  append_unescaped(text, payload);
  out.append(1, '.').append(name_of(key));
  append_base64url(out, view_of(hmac(view_of(key.bytes, key.bytes.size()), text), mac_bytes));
}

bool take_seal(std::string_view& payload, const StateKey& key, StateKind kind) {
  if (payload.size() < seal_bytes) return false;
  if (payload.substr(payload.size() - seal_bytes + 1, key.name.size()) != name_of(key))
    return false;
  const std::string_view inner = payload.substr(0, payload.size() - seal_bytes);
  std::string seal;
  append_seal(seal, key, kind, inner);
  if (CRYPTO_memcmp(seal.data(), payload.data() + inner.size(), seal_bytes) != 0) return false;
  payload = inner;
  return true;
}

std::string_view bare_state(std::string_view signature) {
  StateKind kind{};
  std::string_view payload;
  if (!is_carrier(signature)) return signature;
  return payload_of(signature, kind, payload) && kind != StateKind::chat ? payload
                                                                         : std::string_view();
}

int newest_maker(const Request& request, std::span<const StateKey> keys, const Part*& where) {
  constexpr int looks_max = 16;  // a client may have made up any number
  int looks = 0;
  for (auto part = request.parts.rbegin(); part != request.parts.rend() && looks < looks_max;
       ++part) {
    StateKind kind{};
    std::string_view payload;
    if (!sealed_of(*part, kind, payload)) continue;
    ++looks;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      std::string_view inner = payload;
      where = &*part;
      if (take_seal(inner, keys[i], kind)) return static_cast<int>(i);
    }
  }
  return -1;
}

void open_seals(Request& request, const StateKey& key) {
  for (Part& part : request.parts) {
    if (part.kind == PartKind::thinking && (part.carried || is_carrier(part.signature))) {
      open_thinking(part, key);
    } else if (part.kind == PartKind::redacted_thinking && part.carried &&
               !take_seal(part.text, key, StateKind::redacted)) {
      part.kind = PartKind::thinking;
      part.text = {};
      part.signature = carrier_tag;
    }
  }
}

void Sealer::take(const Event& event) {
  if (event.kind == EventKind::open) return open(event);
  if (event.kind == EventKind::delta && event.delta == DeltaKind::signature)
    return signature(event);
  if (event.kind == EventKind::close && !plain_.empty()) return close(event);
  next_.take(event);
}

// Chat and Messages show Anthropic's own state, and Chat Gemini's, as their providers would.
void Sealer::open(const Event& event) {
  plain_.clear();
  const bool tagged = client_ == Wire::openai_responses || client_ == Wire::gemini;
  const bool redacted = event.block == BlockKind::redacted_thinking && tagged;
  const bool signed_call = !event.signature.empty() && client_ != Wire::openai_chat;
  if (!redacted && !signed_call) return next_.take(event);
  Event own = event;
  std::string_view& payload = redacted ? own.text : own.signature;
  text_.assign(payload);
  append_seal(text_, key_, redacted ? StateKind::redacted : StateKind::gemini, payload);
  payload = text_;
  next_.take(own);
}

void Sealer::signature(const Event& event) {
  StateKind kind = StateKind::anthropic;
  std::string_view payload;
  if (!plain_.empty() || !payload_of(event.text, kind, payload)) {
    const bool tagged = client_ == Wire::openai_responses || client_ == Wire::gemini;
    if (tagged) plain_ += event.text;
    return next_.take(event);
  }
  Event own = event;
  text_.assign(event.text);
  append_seal(text_, key_, kind, payload);
  own.text = text_;
  next_.take(own);
}

void Sealer::close(const Event& event) {
  Event last = event;
  last.kind = EventKind::delta;
  last.delta = DeltaKind::signature;
  text_.clear();
  append_seal(text_, key_, StateKind::anthropic, plain_);
  plain_.clear();
  last.text = text_;
  next_.take(last);
  next_.take(event);
}

}  // namespace steelyard::dialect::hub
