#include "gateway/dialect/hub_carrier.h"

#include "gateway/dialect/hub_text.h"

namespace steelyard::dialect::hub {
namespace {

constexpr std::string_view kGemini = "sy1.gemini.";
constexpr std::string_view kKinds = "ctp";

constexpr std::string_view kThinking = "sy1.thinking";

}  // namespace

void append_gemini_carrier(std::string& out, SignatureOf what, std::string_view signature) {
  out.append(kGemini).append(1, kKinds[static_cast<std::size_t>(what)]).append(1, '.');
  out.append(signature);
}

bool read_gemini_carrier(std::string_view carrier, SignatureOf& what, std::string_view& signature) {
  if (!carrier.starts_with(kGemini)) return false;
  carrier.remove_prefix(kGemini.size());
  if (carrier.size() < 3 || carrier[1] != '.') return false;
  const std::size_t kind = kKinds.find(carrier[0]);
  if (kind == std::string_view::npos) return false;
  what = static_cast<SignatureOf>(kind);
  signature = carrier.substr(2);
  return true;
}

void append_thinking_carrier(std::string& out, std::string_view blocks) {
  std::string text(kThinking);
  text.append(1, '[').append(blocks).append(1, ']');
  append_base64(out, text);
}

bool open_thinking_carrier(std::string_view signature, std::string& blocks) {
  blocks.clear();
  if (!is_coded_carrier(signature)) return false;
  if (!decode_base64(blocks, signature)) return false;
  blocks.erase(0, kThinking.size());
  if (is_json(blocks)) return true;
  blocks.clear();
  return false;
}

}  // namespace steelyard::dialect::hub
