"""One tool loop, streamed, in Python: python_sdks.py openai|responses|anthropic|gemini|langchain-openai|langchain-anthropic|…"""
import json
import os
import subprocess
import sys

GATEWAY, KEY, MODEL = os.environ["GATEWAY"], os.environ["GATEWAY_KEY"], os.environ["MODEL"]
SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}


def shell(command):
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout


def openai():
    import openai as sdk
    client = sdk.OpenAI(base_url=f"{GATEWAY}/v1", api_key=KEY, max_retries=0)
    messages = [{"role": "user", "content": "run it"}]
    tools = [{"type": "function", "function": {"name": "run", "parameters": SCHEMA}}]
    while True:
        with client.chat.completions.stream(model=MODEL, messages=messages, tools=tools, stream_options={"include_usage": True}) as stream:
            said = stream.get_final_completion().choices[0].message
        if not said.tool_calls:
            return said.content
        messages.append(said.model_dump(exclude_none=True, exclude={"parsed"}))
        messages += [{"role": "tool", "tool_call_id": call.id, "content": shell(json.loads(call.function.arguments)["command"])}
                     for call in said.tool_calls]


def responses():
    import openai as sdk
    client = sdk.OpenAI(base_url=f"{GATEWAY}/v1", api_key=KEY, max_retries=0)
    items = [{"role": "user", "content": "run it"}]
    tools = [{"type": "function", "name": "run", "parameters": SCHEMA, "strict": False}]
    while True:
        with client.responses.stream(model=MODEL, input=items, tools=tools, store=False,
                                     include=["reasoning.encrypted_content"]) as stream:
            said = stream.get_final_response()
        calls = [item for item in said.output if item.type == "function_call"]
        if not calls:
            return said.output_text
        items += [item.model_dump(exclude_none=True, exclude={"parsed_arguments", "parsed"}) for item in said.output]
        items += [{"type": "function_call_output", "call_id": call.call_id, "output": shell(json.loads(call.arguments)["command"])}
                  for call in calls]


def anthropic():
    import anthropic as sdk
    client = sdk.Anthropic(base_url=GATEWAY, auth_token=KEY, max_retries=0)
    messages = [{"role": "user", "content": "run it"}]
    while True:
        with client.messages.stream(model=MODEL, max_tokens=4000, messages=messages, tools=[{"name": "run", "input_schema": SCHEMA}]) as stream:
            said = stream.get_final_message()
        calls = [block for block in said.content if block.type == "tool_use"]
        if not calls:
            return "".join(getattr(block, "text", "") for block in said.content)
        messages += [{"role": "assistant", "content": said.content},
                     {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": shell(call.input["command"])}
                                                  for call in calls]}]


def gemini():
    from google import genai
    from google.genai import types
    client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=GATEWAY))
    contents = [types.Content(role="user", parts=[types.Part(text="run it")])]
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[types.FunctionDeclaration(name="run", parameters_json_schema=SCHEMA)])],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True))
    while True:
        parts = []
        for chunk in client.models.generate_content_stream(model=MODEL, contents=contents, config=config):
            parts += chunk.candidates[0].content.parts or []
        calls = [part.function_call for part in parts if part.function_call]
        if not calls:
            return "".join(part.text or "" for part in parts if not part.thought)
        contents += [types.Content(role="model", parts=parts),
                     types.Content(role="user", parts=[types.Part(function_response=types.FunctionResponse(
                         id=call.id, name=call.name, response={"output": shell(call.args["command"])})) for call in calls])]


def langchain(kind):
    from langchain_core.messages import HumanMessage, ToolMessage
    if kind in ("openai", "responses"):
        from langchain_openai import ChatOpenAI
        model = ChatOpenAI(model=MODEL, api_key=KEY, base_url=f"{GATEWAY}/v1", max_retries=0, stream_usage=True,
                           use_responses_api=kind == "responses")
    elif kind == "anthropic":
        from langchain_anthropic import ChatAnthropic
        model = ChatAnthropic(model=MODEL, api_key=KEY, base_url=GATEWAY, max_retries=0, max_tokens=4000)
    else:
        from langchain_google_genai import ChatGoogleGenerativeAI
        model = ChatGoogleGenerativeAI(model=MODEL, google_api_key=KEY, base_url=GATEWAY, max_retries=1)
    model = model.bind_tools([{"type": "function", "function": {"name": "run", "description": "Runs it", "parameters": SCHEMA}}])
    messages = [HumanMessage("run it")]
    while True:
        said = None
        for chunk in model.stream(messages):
            said = chunk if said is None else said + chunk
        if not said.tool_calls:
            return said.text if isinstance(said.text, str) else said.text()
        messages.append(said)
        messages += [ToolMessage(shell(call["args"]["command"]), tool_call_id=call["id"], name=call["name"]) for call in said.tool_calls]


if __name__ == "__main__":
    word = sys.argv[1]
    print(langchain(word.removeprefix("langchain-")) if word.startswith("langchain-") else globals()[word]())
