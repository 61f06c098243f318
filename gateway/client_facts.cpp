#include "gateway/client_facts.h"

#include <algorithm>
#include <array>
#include <span>

namespace steelyard {
namespace {

// Programs whose heads hold more than a name.
enum class Family : std::uint8_t { other, claude_code, codex, opencode, vendor_sdk };

// A user-agent that begins with `prefix` and holds `also`. The version follows the first slash.
struct Row {
  std::string_view prefix, name;
  Family family = Family::other;
  std::string_view also = "";
};

// By first byte, so that most of them are not compared. Of two prefixes the longer one stands
// first. As recorded from the programs themselves; those of Cline, Roo Code and Zed as their
// sources say.
constexpr std::array letter_a_upper{
    Row{"Anthropic/Python", "anthropic-python"},
    Row{"Anthropic/JS", "anthropic-node", Family::vendor_sdk},
    Row{"AsyncOpenAI/Python", "openai-python"},
    Row{"AsyncAnthropic/Python", "anthropic-python"},
    Row{"AsyncOpenAI/JS", "openai-node"},
    Row{"AzureOpenAI/Python", "openai-python"},
    Row{"AsyncAzureOpenAI/Python", "openai-python"},
    Row{"AzureOpenAI/JS", "openai-node"},
};
constexpr std::array letter_a{
    Row{"ai-sdk/", "ai-sdk"},
    Row{"ai-sdk-", "ai-sdk"},
    Row{"ai/", "ai-sdk"},
};
constexpr std::array letter_c_upper{Row{"Cline/", "cline"}};
constexpr std::array letter_c{
    Row{"claude-cli/", "claude-code", Family::claude_code},
    Row{"claude-code/", "claude-code", Family::claude_code},
    Row{"codex_", "codex", Family::codex},
    Row{"codex-", "codex", Family::codex},
    Row{"curl/", "curl"},
};
constexpr std::array letter_g_upper{Row{"GeminiCLI/", "gemini-cli"},
                                    Row{"GeminiCLI-", "gemini-cli"}};
constexpr std::array letter_g{
    Row{"google-genai-sdk/", "google-genai-node", Family::other, "gl-node/"},
    Row{"google-genai-sdk/", "google-genai-python", Family::other, "gl-python/"},
    Row{"google-genai-sdk/", "google-genai"},
};
constexpr std::array letter_l{
    Row{"langchainjs-", "langchain-node"},
    Row{"langchain-", "langchain-python"},
    Row{"litellm/", "litellm"},
};
constexpr std::array letter_o_upper{
    Row{"OpenAI/Python", "openai-python"},
    Row{"OpenAI/JS", "openai-node", Family::vendor_sdk},
};
constexpr std::array letter_o{Row{"opencode/", "opencode", Family::opencode}};
constexpr std::array letter_p{
    Row{"python-httpx/", "python-httpx"},
    Row{"python-requests/", "python-requests"},
};
constexpr std::array letter_q{Row{"QwenCode/", "qwen-code"}};
constexpr std::array letter_r{Row{"RooCode/", "roo-code"}};
constexpr std::array letter_z{Row{"Zed/", "zed"}};

std::span<const Row> rows_of(char first) {
  switch (first) {
    case 'A': return letter_a_upper;
    case 'C': return letter_c_upper;
    case 'G': return letter_g_upper;
    case 'O': return letter_o_upper;
    case 'Q': return letter_q;
    case 'R': return letter_r;
    case 'Z': return letter_z;
    case 'a': return letter_a;
    case 'c': return letter_c;
    case 'g': return letter_g;
    case 'l': return letter_l;
    case 'o': return letter_o;
    case 'p': return letter_p;
    default: return {};
  }
}

const Row* row_of(std::string_view user_agent) {
  if (user_agent.empty()) return nullptr;
  for (const Row& row : rows_of(user_agent.front())) {
    if (!user_agent.starts_with(row.prefix)) continue;
    if (row.also.empty() || user_agent.find(row.also) != user_agent.npos) return &row;
  }
  return nullptr;
}

// "2.1.330" of "claude-cli/2.1.330 (external, cli)", "7.57.0" of "OpenAI/JS 7.57.0".
std::string_view version_in(std::string_view rest) {
  const std::size_t begin = rest.find_first_of("0123456789");
  if (begin > 8) return {};  // npos is, too
  rest.remove_prefix(begin);
  return rest.substr(0, rest.find_first_of(" /;,()"));
}

std::string_view version_of(std::string_view user_agent, const Row& row) {
  const std::size_t slash = user_agent.find('/', row.prefix.size() - 1);
  const bool named = row.prefix.find('/') != row.prefix.npos;  // "OpenAI/JS 7.57.0"
  if (!named && slash == user_agent.npos) return {};
  return version_in(user_agent.substr(named ? row.prefix.size() : slash + 1));
}

// The string value of `key` in a flat JSON object that its program wrote without blanks; "" if it
// is not there or holds an escape. For hints only: nothing is refused because of it.
std::string_view text_in(std::string_view json, std::string_view quoted_key) {
  const std::size_t at = json.find(quoted_key);
  if (at == json.npos) return {};
  const std::string_view rest = json.substr(at + quoted_key.size());
  if (!rest.starts_with(":\"")) return {};
  const std::string_view text = rest.substr(2, rest.find('"', 2) - 2);
  return text.find('\\') == text.npos ? text : std::string_view();
}

void read_claude_code(const net::RequestHead& head, ClientFacts& out) {
  out.session = head.fields.find("x-claude-code-session-id");
  out.request_class = head.fields.find("x-claude-code-request-class");
  out.agent = head.fields.find("x-claude-code-agent-type");
  out.lane = head.fields.find("x-claude-code-agent-id");
  // A title or a summary goes to another model than the conversation it belongs to.
  if (out.lane.empty() && out.request_class == "auxiliary") out.lane = out.request_class;
}

void read_codex(const net::RequestHead& head, ClientFacts& out) {
  out.session = head.fields.find("thread-id");
  if (out.session.empty()) out.session = head.fields.find("session-id");
  const std::string_view turn = head.fields.find("x-codex-turn-metadata");
  const std::string_view kind = text_in(turn, "\"request_kind\"");
  const std::string_view source = text_in(turn, "\"thread_source\"");
  const std::string_view subagent = head.fields.find("x-openai-subagent");
  out.agent = subagent;
  if (kind == "turn" || kind.empty()) {
    const bool main = subagent.empty() && source != "subagent";
    if (!kind.empty() || !subagent.empty()) out.request_class = main ? "main" : "subagent";
  } else {
    out.request_class = kind;
  }
  if (subagent == "compact") out.request_class = "compaction";
}

// Copilot CLI calls through the vendors' SDKs, and says by another header that it is there.
void read_copilot(const net::RequestHead& head, ClientFacts& out) {
  if (head.value(net::RequestField::x_initiator).empty()) return;
  out.name = "copilot-cli";
  out.version = {};  // its user-agent has the SDK's
  constexpr std::string_view conversation = "conversation-";
  std::string_view kind = head.fields.find("x-interaction-type");
  if (kind.starts_with(conversation)) kind.remove_prefix(conversation.size());
  out.request_class = kind.empty() || kind == "user" || kind == "agent" ? "main" : kind;
}

}  // namespace

ClientFacts client_of(std::string_view user_agent) {
  ClientFacts facts;
  if (const Row* row = row_of(user_agent)) {
    facts.name = row->name;
    facts.version = version_of(user_agent, *row);
  }
  return facts;
}

ClientFacts client_facts(const net::RequestHead& head) {
  ClientFacts facts;
  const std::string_view user_agent = head.value(net::RequestField::user_agent);
  const Row* const row = row_of(user_agent);
  if (row == nullptr) return facts;
  facts.name = row->name;
  facts.version = version_of(user_agent, *row);
  switch (row->family) {
    case Family::other: break;
    case Family::claude_code: read_claude_code(head, facts); break;
    case Family::codex: read_codex(head, facts); break;
    case Family::opencode: facts.session = head.fields.find("x-session-id"); break;
    case Family::vendor_sdk: read_copilot(head, facts); break;
  }
  return facts;
}

}  // namespace steelyard
