#pragma once
// What the head of a request tells of the program that sent it: coding agents say much, and every
// SDK says its name.
#include <string_view>

#include "gateway/net/head_reader.h"

namespace steelyard {

// Views point into the head or at literals. "": not said.
struct ClientFacts {
  std::string_view name;     // "claude-code", "codex", "openai-python", ...
  std::string_view version;  // of the program that `name` names
  // "main", "subagent", "compaction", "auxiliary", ...: policies/facts.h
  std::string_view request_class;
  std::string_view agent;    // kind of agent
  std::string_view session;  // the conversation, or the window it is in
  // Which of several conversations under one session: an agent beside the main one, or a side task.
  std::string_view lane;
};

ClientFacts client_facts(const net::RequestHead& head);
// Name and version alone.
ClientFacts client_of(std::string_view user_agent);

}  // namespace steelyard
