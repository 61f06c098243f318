"""The vendors' SDKs and the frameworks above them: each drives one tool loop by itself (tests/clients/drivers)."""
import pathlib

import installed
from client_run import MAKES, Client

DRIVERS = pathlib.Path(__file__).resolve().parent.parent / "clients/drivers"
OPENAI_NODE, ANTHROPIC_NODE, GENAI_NODE = "7.57.0", "1.12.0", "3.1.0"
OPENAI_PYTHON, ANTHROPIC_PYTHON, GENAI_PYTHON = "3.57.0", "2.14.0", "2.34.0"
AI_SDK = {"ai": "7.0.173", "openai": "4.0.118", "anthropic": "4.0.105", "google": "4.0.121"}


def vendor_node():
    return installed.npm("vendor-sdks-node", f"openai@{OPENAI_NODE}", f"@anthropic-ai/sdk@{ANTHROPIC_NODE}", f"@google/genai@{GENAI_NODE}")


def frameworks_node():
    return installed.npm("ai-sdk-node", f"ai@{AI_SDK['ai']}", *(f"@ai-sdk/{name}@{AI_SDK[name]}" for name in ("openai", "anthropic", "google")),
                         "zod@4.1.12")


def langchain_node():
    return installed.npm("langchain-node", "@langchain/core@1.4.0", "@langchain/openai@1.6.0", "@langchain/anthropic@1.5.11",
                         "@langchain/google-genai@2.3.2")


def sdks_python():
    return installed.pip("sdks-python", f"openai=={OPENAI_PYTHON}", f"anthropic=={ANTHROPIC_PYTHON}", f"google-genai=={GENAI_PYTHON}",
                         "langchain-core==1.8.3", "langchain-openai==1.7.4", "langchain-anthropic==1.7.10",
                         "langchain-google-genai==4.4.2")


def environment(where):
    return where.environment(GATEWAY=where.base, GATEWAY_KEY=where.key, MODEL=where.model)


def node_driver(folder, *words):
    def start(where):
        there = folder()
        return [installed.node(), DRIVERS / words[0], *words[1:], there], environment(where)
    return start


def python_driver(word):
    return lambda where: ([sdks_python() / "bin/python", DRIVERS / "python_sdks.py", word], environment(where))


FOREIGN = {"openai": "anthropic", "anthropic": "openai", "responses": "gemini", "gemini": "responses"}


def row(name, dialect, command, family, version, **more):
    return Client(name, dialect, (dialect, FOREIGN[dialect]), "cheap", "run", {"command": MAKES}, command, family, version, **more)


def vendor_rows():
    node = {"openai": ("OpenAI SDK (Node)", "openai-node", OPENAI_NODE), "responses": ("OpenAI SDK (Node)", "openai-node", OPENAI_NODE),
            "anthropic": ("Anthropic SDK (Node)", "anthropic-node", ANTHROPIC_NODE),
            "gemini": ("Google SDK (Node)", "google-genai-node", GENAI_NODE)}
    for dialect, (name, family, version) in node.items():
        yield row(name, dialect, node_driver(vendor_node, "vendor_sdks.mjs", dialect), family, version)
    python = {"openai": ("OpenAI SDK (Python)", "openai-python", OPENAI_PYTHON), "responses": ("OpenAI SDK (Python)", "openai-python", OPENAI_PYTHON),
              "anthropic": ("Anthropic SDK (Python)", "anthropic-python", ANTHROPIC_PYTHON),
              "gemini": ("Google SDK (Python)", "google-genai-python", GENAI_PYTHON)}
    for dialect, (name, family, version) in python.items():
        yield row(name, dialect, python_driver(dialect), family, version)


def framework_rows():
    for dialect in FOREIGN:
        version = AI_SDK[{"openai": "openai", "responses": "openai", "anthropic": "anthropic", "gemini": "google"}[dialect]]
        yield row("AI SDK", dialect, node_driver(frameworks_node, "frameworks.mjs", "ai-sdk", dialect), "ai-sdk", version)
    for dialect in FOREIGN:
        # With Anthropic it says what its SDK says, with Google's dialect nothing.
        family = {"anthropic": "anthropic-node", "gemini": ""}.get(dialect, "langchain-node")
        yield row("LangChain (JS)", dialect, node_driver(langchain_node, "frameworks.mjs", "langchain", dialect), family, None)
    for dialect in FOREIGN:
        family = {"anthropic": "langchain-python", "gemini": "google-genai-python"}.get(dialect, "openai-python")
        yield row("LangChain (Python)", dialect, python_driver(f"langchain-{dialect}"), family, None)


FOLDERS = {"vendors' SDKs (Node)": vendor_node, "AI SDK": frameworks_node, "LangChain (JS)": langchain_node,
           "SDKs and LangChain (Python)": sdks_python}
SDKS = [*vendor_rows(), *framework_rows()]
