"""One answer in four dialects, whole and as a stream; and what a request of each says. A Turn is what a model says: a thought, a
text, calls of tools. All bill the same: 420 tokens of input, 300 of them cached, and 50 of output, 10 of them thoughts."""
import dataclasses
import json

INPUT, CACHED, OUTPUT, THOUGHT = 420, 300, 50, 10
SIGNATURE = "c2lnbmVkLWJ5LXRoZS1wcm92aWRlcg=="  # base64, as they all are


@dataclasses.dataclass
class Turn:
    text: str
    calls: list = dataclasses.field(default_factory=list)  # (name, arguments)
    thought: str = ""


def words(content):
    """The text of a content, whatever shape it has."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(words(part) for part in content)
    if isinstance(content, dict):
        return content.get("text") or words(content.get("content")) or ""
    return ""


def results_in(dialect, asked):
    """Texts of the tool results in a request, oldest first."""
    found = []
    if dialect == "openai":
        found = [words(turn["content"]) for turn in asked["messages"] if turn["role"] == "tool"]
    elif dialect == "anthropic":
        for turn in asked["messages"]:
            for block in turn["content"] if isinstance(turn["content"], list) else []:
                if block["type"] == "tool_result":
                    found.append(words(block.get("content")))
    elif dialect == "responses":
        items = asked["input"] if isinstance(asked["input"], list) else []
        found = [words(item["output"]) for item in items if item.get("type", "").endswith("call_output")]
    else:
        for content in asked["contents"]:
            found += [json.dumps(part["functionResponse"]["response"]) for part in content["parts"] if "functionResponse" in part]
    return found


def declares(asked, tool):
    """Does the request declare a tool of this name, in whatever way?"""
    return f'"name": {json.dumps(tool)}' in json.dumps(asked.get("tools"))


def halves(text):
    return text[:len(text) // 2], text[len(text) // 2:]


# --- OpenAI Chat Completions

CHAT_USAGE = {"prompt_tokens": INPUT, "completion_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT,
              "prompt_tokens_details": {"cached_tokens": CACHED}, "completion_tokens_details": {"reasoning_tokens": THOUGHT}}


def chat_calls(turn, number):
    return [{"id": f"call_{number}_{i}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
            for i, (name, arguments) in enumerate(turn.calls)]


def chat_whole(asked, turn, number):
    said = {"role": "assistant", "content": turn.text}
    if turn.thought:
        said["reasoning_content"] = turn.thought
    if turn.calls:
        said["tool_calls"] = chat_calls(turn, number)
    return {"id": f"chatcmpl-{number}", "object": "chat.completion", "created": 1, "model": asked["model"], "usage": CHAT_USAGE,
            "choices": [{"index": 0, "message": said, "finish_reason": "tool_calls" if turn.calls else "stop"}]}


def chat_stream(asked, turn, number):
    base = {"id": f"chatcmpl-{number}", "object": "chat.completion.chunk", "created": 1, "model": asked["model"]}

    def chunk(delta, finish=None):
        return {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    yield chunk({"role": "assistant", "content": ""})
    if turn.thought:
        yield chunk({"reasoning_content": turn.thought})
    for piece in halves(turn.text):
        yield chunk({"content": piece})
    for i, call in enumerate(chat_calls(turn, number)):
        yield chunk({"tool_calls": [{"index": i, **call, "function": {"name": call["function"]["name"], "arguments": ""}}]})
        for piece in halves(call["function"]["arguments"]):
            yield chunk({"tool_calls": [{"index": i, "function": {"arguments": piece}}]})
    yield chunk({}, "tool_calls" if turn.calls else "stop")
    if (asked.get("stream_options") or {}).get("include_usage"):
        yield {**base, "choices": [], "usage": CHAT_USAGE}


# --- Anthropic Messages

def message_usage(output):
    return {"input_tokens": INPUT - CACHED, "cache_creation_input_tokens": 0, "cache_read_input_tokens": CACHED,
            "output_tokens": output}


def message_blocks(turn, number):
    blocks = [{"type": "thinking", "thinking": turn.thought, "signature": SIGNATURE}] if turn.thought else []
    blocks.append({"type": "text", "text": turn.text})
    return blocks + [{"type": "tool_use", "id": f"toolu_{number}_{i}", "name": name, "input": arguments}
                     for i, (name, arguments) in enumerate(turn.calls)]


def message_whole(asked, turn, number):
    return {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": asked["model"],
            "content": message_blocks(turn, number), "stop_reason": "tool_use" if turn.calls else "end_turn", "stop_sequence": None,
            "usage": message_usage(OUTPUT)}


def message_stream(asked, turn, number):
    whole = message_whole(asked, turn, number)
    yield {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None, "usage": message_usage(1)}}
    yield {"type": "ping"}
    for index, block in enumerate(whole["content"]):
        kind = block["type"]
        empty = {"thinking": {"thinking": "", "signature": ""}, "text": {"text": ""}, "tool_use": {"input": {}}}[kind]
        yield {"type": "content_block_start", "index": index, "content_block": {**block, **empty}}
        if kind == "thinking":
            deltas = [{"type": "thinking_delta", "thinking": turn.thought}, {"type": "signature_delta", "signature": SIGNATURE}]
        elif kind == "text":
            deltas = [{"type": "text_delta", "text": piece} for piece in halves(block["text"])]
        else:
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *halves(json.dumps(block["input"])))]
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {"type": "message_delta", "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": None},
           "usage": message_usage(OUTPUT)}
    yield {"type": "message_stop"}


# --- OpenAI Responses

RESPONSES_USAGE = {"input_tokens": INPUT, "input_tokens_details": {"cached_tokens": CACHED}, "output_tokens": OUTPUT,
                   "output_tokens_details": {"reasoning_tokens": THOUGHT}, "total_tokens": INPUT + OUTPUT}


def response_whole(asked, turn, number, status="completed"):
    items = []
    if turn.thought:
        items.append({"id": f"rs_{number}", "type": "reasoning", "encrypted_content": SIGNATURE,
                      "summary": [{"type": "summary_text", "text": turn.thought}]})
    items.append({"id": f"msg_{number}", "type": "message", "status": status, "role": "assistant",
                  "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": turn.text}]})
    items += [{"id": f"fc_{number}_{i}", "type": "function_call", "status": status, "call_id": f"call_{number}_{i}", "name": name,
               "arguments": json.dumps(arguments)} for i, (name, arguments) in enumerate(turn.calls)]
    return {"id": f"resp_{number}", "object": "response", "created_at": 1, "model": asked["model"], "error": None, "status": status,
            "incomplete_details": None, "parallel_tool_calls": True, "tools": [], "tool_choice": "auto", "output": items,
            "usage": RESPONSES_USAGE}


def response_stream(asked, turn, number):
    whole = response_whole(asked, turn, number)
    yield {"type": "response.created", "response": {**whole, "status": "in_progress", "output": [], "usage": None}}
    for index, item in enumerate(whole["output"]):
        at = {"output_index": index, "item_id": item["id"]}
        empty = {**item, "status": "in_progress"} if "status" in item else dict(item)
        empty.update({field: nothing for field, nothing in (("content", []), ("summary", []), ("arguments", "")) if field in item})
        yield {"type": "response.output_item.added", "output_index": index, "item": empty}
        if item["type"] == "reasoning":
            part = {"type": "summary_text", "text": turn.thought}
            yield {"type": "response.reasoning_summary_part.added", **at, "summary_index": 0, "part": {**part, "text": ""}}
            yield {"type": "response.reasoning_summary_text.delta", **at, "summary_index": 0, "delta": turn.thought}
            yield {"type": "response.reasoning_summary_text.done", **at, "summary_index": 0, "text": turn.thought}
            yield {"type": "response.reasoning_summary_part.done", **at, "summary_index": 0, "part": part}
        elif item["type"] == "message":
            part = item["content"][0]
            yield {"type": "response.content_part.added", **at, "content_index": 0, "part": {**part, "text": ""}}
            for piece in halves(turn.text):
                yield {"type": "response.output_text.delta", **at, "content_index": 0, "delta": piece, "logprobs": []}
            yield {"type": "response.output_text.done", **at, "content_index": 0, "text": turn.text, "logprobs": []}
            yield {"type": "response.content_part.done", **at, "content_index": 0, "part": part}
        else:
            for piece in halves(item["arguments"]):
                yield {"type": "response.function_call_arguments.delta", **at, "delta": piece}
            yield {"type": "response.function_call_arguments.done", **at, "arguments": item["arguments"]}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": "response.completed", "response": whole}


# --- Gemini

def gemini_parts(turn):
    parts = [{"text": turn.thought, "thought": True}] if turn.thought else []
    parts.append({"text": turn.text})
    for i, (name, arguments) in enumerate(turn.calls):
        signed = {"thoughtSignature": SIGNATURE} if turn.thought and i == 0 else {}
        parts.append({"functionCall": {"name": name, "args": arguments}, **signed})
    return parts


def gemini_document(parts, number, finish=None):
    candidate = {"content": {"parts": parts, "role": "model"}, "index": 0, **({"finishReason": finish} if finish else {})}
    usage = {"promptTokenCount": INPUT, "cachedContentTokenCount": CACHED, "candidatesTokenCount": OUTPUT - THOUGHT,
             "thoughtsTokenCount": THOUGHT, "totalTokenCount": INPUT + OUTPUT}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-test", "responseId": f"resp_{number}"}


def gemini_whole(_, turn, number):
    return gemini_document(gemini_parts(turn), number, "STOP")


def gemini_stream(_, turn, number):
    *most, last = gemini_parts(turn)
    for part in most:
        yield gemini_document([part], number)
    yield gemini_document([last], number, "STOP")


def written(dialect, asked, turn, number, stream):
    """(content type, bytes) of an answer."""
    whole, events = {"openai": (chat_whole, chat_stream), "anthropic": (message_whole, message_stream),
                     "responses": (response_whole, response_stream), "gemini": (gemini_whole, gemini_stream)}[dialect]
    if not stream:
        return "application/json", json.dumps(whole(asked, turn, number)).encode()
    told = list(events(asked, turn, number))
    if dialect == "responses":
        told = [{**event, "sequence_number": n} for n, event in enumerate(told)]
    end = "\r\n\r\n" if dialect == "gemini" else "\n\n"
    named = dialect in ("anthropic", "responses")
    text = "".join((f"event: {event['type']}\n" if named else "") + f"data: {json.dumps(event)}{end}" for event in told)
    return "text/event-stream", (text + ("data: [DONE]\n\n" if dialect == "openai" else "")).encode()
