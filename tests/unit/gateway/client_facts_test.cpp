#include "gateway/client_facts.h"

#include <doctest/doctest.h>

#include <string>

using namespace steelyard;

namespace {

struct Row {
  const char* head;  // lines of a real client's head, as recorded
  const char *name, *version, *request_class, *agent, *session, *lane;
};

ClientFacts facts_of(const std::string& text, net::RequestHead& head) {
  net::HeadLines lines;
  lines.reset();
  REQUIRE(net::read_head(text, lines, head) == net::HeadStatus::complete);
  return client_facts(head);
}

constexpr const char* codex_metadata =
    "x-codex-turn-metadata: {\"installation_id\":\"i\",\"session_id\":\"s1\",\"agent_name\":\"<top "
    "agent>\",\"turn_id\":\"t\",\"request_kind\":\"turn\",\"thread_source\":\"user\"}\r\n";
constexpr const char* codex_agent =
    "user-agent: codex_exec/0.169.0 (Debian 12.0.0; x86_64) dumb (codex_exec; 0.169.0)\r\n"
    "originator: codex_exec\r\nsession-id: s1\r\nthread-id: s1\r\n";

}  // namespace

TEST_CASE("what the heads of real clients tell") {
  const std::string codex_turn = std::string(codex_agent) + codex_metadata;
  const std::string codex_warm =
      std::string(codex_agent) + "x-codex-turn-metadata: {\"request_kind\":\"prewarm\"}\r\n";
  const std::string codex_compact = codex_turn + "x-openai-subagent: compact\r\n";
  const std::string codex_sub = codex_turn + "x-openai-subagent: review\r\n";
  for (const Row& row : {
           Row{"user-agent: claude-cli/2.1.330 (external, sdk-cli)\r\n"
               "x-claude-code-session-id: u1\r\n",
               "claude-code", "2.1.330", "", "", "u1", ""},
           Row{"User-Agent: claude-cli/2.1.330 (external, cli)\r\nX-Claude-Code-Session-Id: u1\r\n"
               "x-claude-code-request-class: main\r\n",
               "claude-code", "2.1.330", "main", "", "u1", ""},
           Row{"User-Agent: claude-cli/2.1.330 (external, cli)\r\nX-Claude-Code-Session-Id: u1\r\n"
               "x-claude-code-request-class: auxiliary\r\n",
               "claude-code", "2.1.330", "auxiliary", "", "u1", "auxiliary"},
           Row{"User-Agent: claude-cli/2.1.330 (external, cli)\r\nX-Claude-Code-Session-Id: u1\r\n"
               "x-claude-code-request-class: subagent\r\nx-claude-code-agent-type: Explore\r\n"
               "x-claude-code-agent-id: a7\r\nx-claude-code-parent-agent-id: a1\r\n",
               "claude-code", "2.1.330", "subagent", "Explore", "u1", "a7"},
           Row{codex_turn.c_str(), "codex", "0.169.0", "main", "", "s1", ""},
           Row{codex_warm.c_str(), "codex", "0.169.0", "prewarm", "", "s1", ""},
           Row{codex_sub.c_str(), "codex", "0.169.0", "subagent", "review", "s1", ""},
           // A conversation that is summarised: the same lane, so that it stays where its cache is.
           Row{"User-Agent: claude-cli/2.1.330 (external, cli)\r\nX-Claude-Code-Session-Id: u1\r\n"
               "x-claude-code-request-class: compaction\r\nx-claude-code-compaction: auto\r\n",
               "claude-code", "2.1.330", "compaction", "", "u1", ""},
           Row{codex_compact.c_str(), "codex", "0.169.0", "compaction", "compact", "s1", ""},
           Row{codex_agent, "codex", "0.169.0", "", "", "s1", ""},
           Row{"user-agent: GeminiCLI-tui/0.61.0/gemini-2.5-flash (linux; x64; terminal)\r\n",
               "gemini-cli", "0.61.0", "", "", "", ""},
           Row{"user-agent: opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14\r\n"
               "x-session-affinity: ses_1\r\nx-session-id: ses_1\r\n",
               "opencode", "1.18.33", "", "", "ses_1", ""},
           Row{"user-agent: OpenAI/JS 5.20.1\r\nx-interaction-type: conversation-user\r\n"
               "x-initiator: user\r\n",
               "copilot-cli", "", "main", "", "", ""},
           Row{"user-agent: Anthropic/JS 0.94.0\r\nx-initiator: agent\r\n", "copilot-cli", "",
               "main", "", "", ""},
           Row{"user-agent: QwenCode/0.15.10 (linux; x64)\r\n", "qwen-code", "0.15.10", "", "", "",
               ""},
           Row{"user-agent: OpenAI/JS 7.57.0\r\n", "openai-node", "7.57.0", "", "", "", ""},
           Row{"user-agent: AzureOpenAI/JS 7.57.0\r\n", "openai-node", "7.57.0", "", "", "", ""},
           Row{"user-agent: OpenAI/Python 3.54.0\r\n", "openai-python", "3.54.0", "", "", "", ""},
           Row{"user-agent: AsyncOpenAI/Python 2.0\r\n", "openai-python", "2.0", "", "", "", ""},
           Row{"user-agent: Anthropic/JS 1.12.0\r\n", "anthropic-node", "1.12.0", "", "", "", ""},
           Row{"user-agent: ai-sdk-anthropic/4.0.105 ai-sdk-provider-utils/5.0.81 "
               "node.js/v20.20.2\r\n",
               "ai-sdk", "4.0.105", "", "", "", ""},
           Row{"user-agent: ai/7.0.173 ai-sdk-provider-utils/5.0.81 node.js/v20.20.2\r\n", "ai-sdk",
               "7.0.173", "", "", "", ""},
           Row{"user-agent: langchainjs-openai/1.0.0 ((node/v20.20.2; linux; x64))\r\n",
               "langchain-node", "1.0.0", "", "", "", ""},
           Row{"user-agent: google-genai-sdk/3.1.0 gl-node/v20.20.2\r\n", "google-genai-node",
               "3.1.0", "", "", "", ""},
           Row{"user-agent: google-genai-sdk/2.0.1 gl-python/3.11.7\r\n", "google-genai-python",
               "2.0.1", "", "", "", ""},
           Row{"user-agent: Mozilla/5.0\r\n", "", "", "", "", "", ""},
           Row{"user-agent: claude\r\n", "", "", "", "", "", ""},
           Row{"", "", "", "", "", "", ""},
       }) {
    CAPTURE(row.head);
    const std::string text =
        "POST /v1/messages HTTP/1.1\r\nhost: a\r\n" + std::string(row.head) + "\r\n";
    net::RequestHead head;
    const ClientFacts facts = facts_of(text, head);
    CHECK(facts.name == row.name);
    CHECK(facts.version == row.version);
    CHECK(facts.request_class == row.request_class);
    CHECK(facts.agent == row.agent);
    CHECK(facts.session == row.session);
    CHECK(facts.lane == row.lane);
  }
}

TEST_CASE("heads that lie or are cut tell nothing, and break nothing") {
  for (const char* metadata :
       {"{\"request_kind\":\"", "{\"request_kind\":", "\"request_kind\":\"a\\\"b\"", "{}", "x"}) {
    CAPTURE(metadata);
    const std::string text =
        "POST / HTTP/1.1\r\nhost: a\r\nuser-agent: codex_\r\n"
        "x-codex-turn-metadata: " +
        std::string(metadata) + "\r\n\r\n";
    net::RequestHead head;
    const ClientFacts facts = facts_of(text, head);
    CHECK(facts.name == "codex");
    CHECK(facts.version == "");
    CHECK(facts.request_class == "");
  }
}
