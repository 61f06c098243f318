"""The coding agents: how each is had, started on a small task without a question asked, and pointed at the gateway."""
import json

import installed
from client_run import MAKES, MARK, Client
from scripted_dialects import Turn, words
from scripted_provider import SAYS

CLAUDE, CODEX, GEMINI, OPENCODE, COPILOT, QWEN, AIDER = "2.1.330", "0.169.0", "0.61.0", "1.18.33", "1.0.102", "0.15.10", "0.86.2"
ASK = "run it"
WRONG = "not-yet"


def claude_folder():
    return installed.npm("claude-code", f"@anthropic-ai/claude-code@{CLAUDE}")


def codex_folder():
    return installed.npm("codex", f"@openai/codex@{CODEX}")


def gemini_folder():
    return installed.npm("gemini-cli", f"@google/gemini-cli@{GEMINI}")


def opencode_folder():
    return installed.npm("opencode", f"opencode-ai@{OPENCODE}")


def copilot_folder():
    return installed.npm("copilot", f"@github/copilot@{COPILOT}")


def qwen_folder():
    return installed.npm("qwen-code", f"@qwen-code/qwen-code@{QWEN}")


def aider_folder():
    return installed.pip("aider", f"aider-chat=={AIDER}")


def only(folder, pattern):
    found = sorted(folder.glob(pattern))
    assert found, f"no {pattern} in {folder}"
    return found[0]


def claude(where):
    (where.home / ".claude.json").write_text(json.dumps(
        {"hasCompletedOnboarding": True, "projects": {str(where.project): {"hasTrustDialogAccepted": True}}}))
    program = only(claude_folder(), "node_modules/@anthropic-ai/claude-code-linux-*/claude")
    return ([program, "-p", ASK, "--allowedTools", "Bash", "--output-format", "stream-json", "--verbose"],
            where.environment(ANTHROPIC_BASE_URL=where.base, ANTHROPIC_AUTH_TOKEN=where.key, ANTHROPIC_MODEL=where.model,
                              CLAUDE_CODE_GATEWAY_HINT_HEADERS="1", CLAUDE_CODE_MAX_RETRIES="1"))


def claude_says(out):
    last = [json.loads(line) for line in out.splitlines() if line.startswith("{")][-1]
    return str(last.get("result"))


def codex_program():
    return only(codex_folder(), "node_modules/@openai/codex-linux-*/vendor/*/bin/codex")


def codex(where):
    folder = where.home / ".codex"
    folder.mkdir()
    (folder / "config.toml").write_text(
        f'model = "{where.model}"\nmodel_provider = "steelyard"\n[model_providers.steelyard]\nname = "steelyard"\n'
        f'base_url = "{where.base}/v1"\nenv_key = "STEELYARD_KEY"\nwire_api = "responses"\nrequest_max_retries = 0\n'
        f'stream_max_retries = 0\n')
    return ([codex_program(), "exec", "--skip-git-repo-check", "--json", "--dangerously-bypass-approvals-and-sandbox", ASK],
            where.environment(CODEX_HOME=str(folder), STEELYARD_KEY=where.key))


def codex_builtin(where):
    folder = where.home / ".codex"
    folder.mkdir()
    return ([codex_program(), "exec", "--skip-git-repo-check", "--json", "--dangerously-bypass-approvals-and-sandbox",
             "-c", f'openai_base_url="{where.base}/v1"', "-c", f'model="{where.model}"', ASK],
            where.environment(CODEX_HOME=str(folder), OPENAI_API_KEY=where.key, CODEX_API_KEY=where.key))


def gemini(where):
    (where.home / ".gemini").mkdir()
    (where.home / ".gemini/settings.json").write_text(json.dumps(
        {"security": {"auth": {"selectedType": "gemini-api-key"}}, "telemetry": {"enabled": False},
         "privacy": {"usageStatisticsEnabled": False}}))
    return ([installed.node(), gemini_folder() / "node_modules/@google/gemini-cli/bundle/gemini.js", "--skip-trust", "--yolo",
             "-m", where.model, "-p", ASK, "--output-format", "json"],
            where.environment(GEMINI_API_KEY=where.key, GOOGLE_GEMINI_BASE_URL=where.base))


def opencode(kind):
    def start(where):
        own = {"npm": "@ai-sdk/openai-compatible", "name": "steelyard", "options": {"baseURL": f"{where.base}/v1", "apiKey": where.key},
               "models": {where.model: {"name": "test"}}}
        base = f"{where.base}/v1beta" if kind == "google" else f"{where.base}/v1"
        provider = own if kind == "steelyard" else {"options": {"baseURL": base, "apiKey": where.key}}
        (where.project / "opencode.json").write_text(json.dumps(
            {"autoupdate": False, "share": "disabled", "small_model": f"{kind}/{where.model}", "provider": {kind: provider}}))
        return ([opencode_folder() / "node_modules/.bin/opencode", "run", "-m", f"{kind}/{where.model}", ASK],
                where.environment(OPENCODE_DISABLE_MODELS_FETCH="1"))
    return start


def copilot(kind, path, **more):
    def start(where):
        return ([copilot_folder() / "node_modules/.bin/copilot", "-p", ASK, "--allow-all-tools", "--no-color"],
                where.environment(COPILOT_OFFLINE="true", COPILOT_PROVIDER_BASE_URL=where.base + path, COPILOT_PROVIDER_API_KEY=where.key,
                                  COPILOT_MODEL=where.model, COPILOT_PROVIDER_TYPE=kind, **more))
    return start


def qwen(where):
    return ([installed.node(), only(qwen_folder(), "node_modules/@qwen-code/qwen-code/cli.js"), "--auth-type", "openai", "-y", "-p", ASK],
            where.environment(OPENAI_BASE_URL=f"{where.base}/v1", OPENAI_API_KEY=where.key, OPENAI_MODEL=where.model))


# aider has no tools: the model writes an edit into its answer, aider makes it, runs the tests, and comes back with what they said.
EDIT = "{says}\n\nmade.txt\n```\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n```\n"


def edits(dialect, asked):
    if WRONG in words(asked["messages"][-1]["content"]):  # what the command that tests said
        return Turn(EDIT.format(says=SAYS + MARK, old=WRONG + "\n", new=MARK + "\n"), thought="It is to be mended.")
    return Turn(EDIT.format(says="I shall write it.", old="", new=WRONG + "\n"), thought="It is to be written.")


def aider(kind):
    def start(where):
        program = aider_folder() / "bin/aider"
        base = {"openai": {"OPENAI_API_BASE": f"{where.base}/v1", "OPENAI_API_KEY": where.key},
                "anthropic": {"ANTHROPIC_API_BASE": where.base, "ANTHROPIC_API_KEY": where.key}}[kind]
        return ([program, "--model", f"{kind}/{where.model}", "--message", ASK, "--yes-always", "--no-git", "--no-show-model-warnings",
                 "--no-check-update", "--analytics-disable", "--no-pretty", "--edit-format", "diff", "--map-tokens", "0", "--auto-test",
                 "--test-cmd", f"grep -x {MARK} made.txt || (cat made.txt; exit 1)", "made.txt"],
                where.environment(LITELLM_LOCAL_MODEL_COST_MAP="True", **base))
    return start


FOLDERS = {"Claude Code": claude_folder, "Codex CLI": codex_folder, "Gemini CLI": gemini_folder, "opencode": opencode_folder,
           "Copilot CLI": copilot_folder, "Qwen Code": qwen_folder, "aider": aider_folder, "node": installed.node}

SIGNED = ("anthropic", "responses", "gemini")  # dialects whose thinking is signed
WEBSOCKET = "responses_websocket: true\n"
AGENTS = [
    Client("Claude Code", "anthropic", ("anthropic", "openai", "responses", "gemini"), "claude-opus-5-5", "Bash",
           {"command": MAKES, "description": "Makes a file"}, claude, "claude-code", CLAUDE,
           {"request_class": "main", "reasoning": True, "user_turns": 1}, text_in=claude_says, gives_back=SIGNED),
    Client("Codex CLI", "responses", ("responses", "openai", "anthropic", "gemini"), "cheap", "exec_command", {"cmd": MAKES}, codex, "codex",
           CODEX, {"request_class": "main"}, gives_back=SIGNED),
    Client("Codex CLI (WebSocket)", "responses", ("responses", "anthropic"), "cheap", "exec_command", {"cmd": MAKES}, codex_builtin,
           "codex", CODEX, {"request_class": "main"}, gives_back=SIGNED, configuration=WEBSOCKET),
    Client("Gemini CLI", "gemini", ("gemini", "openai", "responses", "anthropic"), "gemini-2.5-flash", "run_shell_command",
           {"command": MAKES, "description": "Makes a file"}, gemini, "gemini-cli", GEMINI, {"reasoning": True},
           gives_back=SIGNED),
    Client("opencode", "openai", ("openai", "anthropic"), "cheap", "bash", {"command": MAKES, "description": "Makes a file"},
           opencode("steelyard"), "opencode", OPENCODE),
    Client("opencode", "anthropic", ("anthropic", "openai"), "claude-sonnet-4-5", "bash",
           {"command": MAKES, "description": "Makes a file"}, opencode("anthropic"), "opencode", OPENCODE),
    Client("opencode", "responses", ("responses", "anthropic"), "gpt-5.2", "bash", {"command": MAKES, "description": "Makes a file"},
           opencode("openai"), "opencode", OPENCODE),
    Client("opencode", "gemini", ("gemini", "openai"), "gemini-2.5-flash", "bash", {"command": MAKES, "description": "Makes a file"},
           opencode("google"), "opencode", OPENCODE),
    Client("Copilot CLI", "openai", ("openai", "gemini"), "cheap", "bash", {"command": MAKES, "description": "Makes a file"},
           copilot("openai", "/v1"), "copilot-cli", "", {"request_class": "main"}),
    Client("Copilot CLI", "responses", ("responses", "anthropic"), "gpt-5.4", "bash", {"command": MAKES, "description": "Makes a file"},
           copilot("openai", "/v1", COPILOT_PROVIDER_WIRE_API="responses"), "copilot-cli", "", {"request_class": "main"}),
    Client("Copilot CLI (WebSocket)", "responses", ("responses", "openai"), "gpt-5.4", "bash",
           {"command": MAKES, "description": "Makes a file"},
           copilot("openai", "/v1", COPILOT_PROVIDER_WIRE_API="responses", COPILOT_PROVIDER_TRANSPORT="websockets"), "copilot-cli", "",
           {"request_class": "main"}, configuration=WEBSOCKET),
    Client("Copilot CLI", "anthropic", ("anthropic", "openai"), "claude-sonnet-4.5", "bash",
           {"command": MAKES, "description": "Makes a file"}, copilot("anthropic", ""), "copilot-cli", "", {"request_class": "main"}),
    Client("Qwen Code", "openai", ("openai", "anthropic"), "qwen3-coder-plus", "run_shell_command",
           {"command": MAKES, "description": "Makes a file", "is_background": False}, qwen, "qwen-code", QWEN),
    Client("aider", "openai", ("openai", "anthropic"), "cheap", "", {}, aider("openai"), "openai-python", None, scenario=edits, session=False),
    Client("aider", "anthropic", ("anthropic", "openai"), "cheap", "", {}, aider("anthropic"), "litellm", None, scenario=edits,
           session=False),
]
