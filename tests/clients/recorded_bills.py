"""Recorded requests with what was billed for them, as (exchange, request, kind, billed, model, vendor).

kind: plain, schema, tools, calls, Gemini's signed thoughts; None is left out: pictures, sound, files, tools of the provider's own, sealed reasoning.
"""
import json
import lzma
import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SHARED = pathlib.Path(os.environ.get("STEELYARD_SHARED", ROOT.parent / "shared"))
FOLDER = SHARED / "fixtures/recorded"
OPENAI = ("gpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "o3", "o4")  # o200k_base; the model that answered
OTHER_PRODUCTS = ("search", "audio", "5.6-sol-pro")
# Of Chat: (provider, model) as a regular expression. `vendor` is the name here.
VENDORS = {
    "deepseek": r"deepseek deepseek-v4",
    "mistral": r"mistral (mistral-(small|large|medium)|ministral|magistral|pixtral)",
    "gpt-oss": r"(ollama|groq|cerebras|doubleword|local|openrouter) (openai/)?gpt-oss",
    "grok": r"xai grok",
    "glm": r"(cerebras|zai|openrouter) .*glm",
    "kimi": r"(avian|huggingface|openrouter) moonshotai/kimi",
    "llama": r"(groq|cerebras|crusoe|huggingface|together|snowflake) .*llama-?3",
    "qwen": r"llamacpp qwen3",
    "qwen-3.5": r"doubleword qwen/qwen3\.",
}
# Responses of its first weeks carried 210 hidden tokens with tools; one of 2025-03-10 was billed nothing.
RESPONSES_FROM = "2025-05-01"


def lines(name):
    for line in lzma.open(FOLDER / f"{name}.jsonl.xz", "rt"):
        exchange = json.loads(line)
        if exchange["status"] != 200:
            continue
        try:
            request = json.loads(exchange["request_body"])
        except ValueError:
            continue
        yield exchange, request


def answers(exchange):
    """The JSON of the answer, or of each event, the last one first."""
    bodies = [exchange["response_body"]]
    if exchange["stream"]:
        bodies = [line[5:] for line in bodies[0].split("\n") if line.startswith("data:")]
    for body in reversed(bodies):
        try:
            yield json.loads(body)
        except ValueError:
            continue


def chat_usage(exchange):
    """(prompt tokens billed, model that answered), or None."""
    for answer in answers(exchange):
        usage = answer.get("usage") or {} if isinstance(answer, dict) else {}
        if usage.get("prompt_tokens"):
            return usage["prompt_tokens"], answer.get("model", "")
    return None


def chat_kind(request):
    messages = request["messages"]
    parts = [part for m in messages if isinstance(m.get("content"), list) for part in m["content"]]
    if any(part.get("type") not in ("text", "refusal") for part in parts):
        return None
    shape = (request.get("response_format") or {}).get("type", "text")
    if request.get("functions") or any(m.get("function_call") for m in messages):
        return None
    if shape != "text":
        return "schema" if not request.get("tools") and shape == "json_schema" else None
    if any(m.get("tool_calls") for m in messages):
        return "calls"
    return "tools" if request.get("tools") else "plain"


def chat():
    for exchange, request in lines("openai.chat"):
        usage = chat_usage(exchange)
        if not usage or "messages" not in request or request.get("model", "") is None:
            continue
        kind = chat_kind(request)
        if "model" not in request:  # Azure has it in the path
            exchange["request_body"] = '{"model": "unnamed", ' + exchange["request_body"].lstrip()[1:]
        billed, model = usage
        names = [f"{exchange['provider']} {name}".lower() for name in (model, request.get("model"))]
        vendor = next((v for v, pattern in VENDORS.items() if any(re.match(pattern, name) for name in names)), None)
        if kind and kind != "schema" and vendor:
            own = model and re.match(VENDORS[vendor], names[0])
            yield exchange, request, kind, billed, model if own else request["model"], vendor
        ours = exchange["provider"] in ("openai", "azure") and model.startswith(OPENAI)
        if kind and ours and not any(other in model for other in OTHER_PRODUCTS):
            yield exchange, request, kind, billed, model, "openai"


def responses():
    left_out = re.compile(r'"type": "(input_image|input_file|image|reasoning|item_reference|compaction|additional_tools|'
                          r'(?!function)[a-z_]*_call|(?!function)[a-z_]*_call_output)"')
    for exchange, request in lines("openai.responses"):
        tools = request.get("tools") or []
        shape = ((request.get("text") or {}).get("format") or {}).get("type", "text")
        stored = request.get("previous_response_id") or request.get("conversation")
        several = (request.get("reasoning") or {}).get("mode") == "pro"  # the model is asked more than once
        if "input" not in request or stored or several or shape != "text" or (exchange["recorded"] or "9") < RESPONSES_FROM:
            continue
        items = json.dumps(request["input"])
        if left_out.search(items) or any(tool.get("type") not in ("function", "custom") for tool in tools):
            continue
        kind = "calls" if '"function_call"' in items else "tools" if tools else "plain"
        for answer in answers(exchange):
            answer = answer.get("response", answer)
            usage, model = answer.get("usage") or {}, answer.get("model") or ""
            if not usage.get("input_tokens"):
                continue
            known = exchange["provider"] in ("openai", "azure") and model.startswith(OPENAI)
            if known and not any(other in model for other in OTHER_PRODUCTS):
                yield exchange, request, kind, usage["input_tokens"], model, "responses"
            if exchange["provider"] == "xai":
                yield exchange, request, kind, usage["input_tokens"], request["model"], "grok-responses"
            break


def claude():
    left_out = re.compile(r'"type": "(image|document|thinking|redacted_thinking|server_tool_use|mcp[a-z_]*|container_upload|'
                          r'search_result|compaction|tool_reference|(?!"tool_result)[a-z_]+_tool_result)"')
    for exchange, request in lines("anthropic.messages"):
        model = request.get("model")
        if exchange["provider"] != "anthropic" or not isinstance(model, str) or not model.startswith("claude-"):
            continue
        tools, text = request.get("tools") or [], json.dumps(request.get("messages"))
        hidden = ("mcp_servers", "container", "context_management")
        if left_out.search(text) or any(tool.get("type", "custom") != "custom" for tool in tools):
            continue
        if any(key in request for key in hidden) or "count_tokens" in exchange["path"] or model.startswith("claude-2"):
            continue
        schema = request.get("output_format") or (request.get("output_config") or {}).get("format")
        calls = '"tool_use"' in text and '"tool_use_id"' in text
        kind = "schema" if schema else "calls" if calls else "tools" if tools else "plain"
        for answer in answers(exchange):
            usage = (answer.get("message") or answer).get("usage") or {}
            if not usage.get("input_tokens"):
                continue
            billed = usage["input_tokens"] + sum(usage.get(f"cache_{what}_input_tokens") or 0 for what in ("creation", "read"))
            yield exchange, request, kind, billed, model, "claude"
            break


def gemini():
    left_out = re.compile(r'"(inlineData|inline_data|fileData|file_data|executableCode|codeExecutionResult|cachedContent)"')
    signature = re.compile(r'"thought_?[sS]ignature": "(.)[^"]{63}')
    for exchange, request in lines("gemini.generate"):
        place = re.search(r"models/([^:/]+):(generateContent|streamGenerateContent)", exchange["path"])
        tools = request.get("tools") or []
        text = json.dumps(request)
        own = any(key.lower().replace("_", "") != "functiondeclarations" for tool in tools for key in tool)
        found = re.findall(r'"promptTokenCount": ?(\d+)', exchange["response_body"])
        if not place or own or not found or left_out.search(text) or not place[1].startswith("gemini-"):
            continue
        config = request.get("generationConfig") or request.get("generation_config") or {}
        schema = any(key.lower().replace("_", "") in ("responseschema", "responsejsonschema") for key in config)
        calls = '"functionCall"' in text or '"function_call"' in text
        kind = "schema" if schema else "calls" if calls else "tools" if tools else "plain"
        signed = signature.search(text)
        if signed:  # Gemini 3's begin with E and are billed
            kind = "billed thoughts" if signed[1] == "E" else "free thoughts"
        yield exchange, request, kind, int(found[-1]), place[1], "gemini"
