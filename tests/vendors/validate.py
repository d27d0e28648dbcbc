"""Validates a corpus of requests with the vendors' own types, unknown keys forbidden.

    cargo run -p mocktrial-provider --example corpus > corpus.jsonl
    python3 tests/vendors/validate.py corpus.jsonl

Ends with a line for each dialect, and status 1 where a request is not valid.
"""

import importlib
import json
import pkgutil
import sys
import warnings
from collections import Counter
from typing import List

import pydantic
import typing_extensions

warnings.filterwarnings("ignore")


def forbid_unknown_keys(package):
    """Makes every TypedDict of an SDK refuse keys that it does not know."""
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, package + "."):
        try:
            loaded = importlib.import_module(module.name)
        except ImportError:
            continue
        for value in vars(loaded).values():
            if typing_extensions.is_typeddict(value):
                value.__pydantic_config__ = pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=True)


def consume(value):
    """Walks what was validated: iterables are checked only when they are read."""
    if isinstance(value, dict):
        for inner in value.values():
            consume(inner)
    elif isinstance(value, (str, bytes, int, float, bool, type(None))):
        pass
    elif hasattr(value, "__iter__"):
        for inner in value:
            consume(inner)


class TypedDictValidator:
    """Requests that an SDK describes by a TypedDict."""

    def __init__(self, package, whole, streamed):
        forbid_unknown_keys(package)
        self.whole, self.streamed = pydantic.TypeAdapter(whole), pydantic.TypeAdapter(streamed)

    def check(self, body):
        adapter = self.streamed if body.get("stream") else self.whole
        consume(adapter.validate_python(body))


class GeminiValidator:
    """Requests that Google describes by protocol buffers, and in its newer SDK by models."""

    def __init__(self):
        from google.ai.generativelanguage_v1beta.types import GenerateContentRequest
        from google.genai import types
        from google.protobuf import json_format

        self.proto, self.json_format = GenerateContentRequest, json_format
        parts = {
            "contents": List[types.Content],
            "systemInstruction": types.Content,
            "tools": List[types.Tool],
            "toolConfig": types.ToolConfig,
            "generationConfig": types.GenerationConfig,
        }
        self.parts = {key: pydantic.TypeAdapter(kind) for key, kind in parts.items()}

    def check(self, body):
        for key, value in body.items():
            if key not in self.parts:
                raise ValueError(f"`{key}` is no field of the request")
            self.parts[key].validate_json(json.dumps(value))
        self.json_format.ParseDict(older(body), self.proto.pb()())


# What the protocol buffers on PyPI do not know yet; the models above do.
NEWER = {"parametersJsonSchema", "thoughtSignature", "thinkingLevel", "thought", "parts@functionResponse"}


def older(value, within=""):
    """A request without the fields that are newer than the protocol buffers."""
    if isinstance(value, list):
        return [older(item, within) for item in value]
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k not in NEWER and f"{k}@{within}" not in NEWER}
        if within in ("args", "response"):
            return value
        return {k: older(v, k) for k, v in kept.items()}
    return value


def validators():
    from anthropic.types import message_create_params as messages
    from openai.types.chat import completion_create_params as chat
    from openai.types.responses import response_create_params as responses

    return {
        "chat": TypedDictValidator(
            "openai.types", chat.CompletionCreateParamsNonStreaming, chat.CompletionCreateParamsStreaming
        ),
        "responses": TypedDictValidator(
            "openai.types", responses.ResponseCreateParamsNonStreaming, responses.ResponseCreateParamsStreaming
        ),
        "messages": TypedDictValidator(
            "anthropic.types", messages.MessageCreateParamsNonStreaming, messages.MessageCreateParamsStreaming
        ),
        "gemini": GeminiValidator(),
    }


# What servers other than the vendor read, or an older version of its API, so that the vendor's types lack it.
NOT_THE_VENDORS = {("chat", "top_k"), ("chat", "reasoning_passed_back"), ("messages", "old_version")}


def main(path):
    known = validators()
    valid, refused, invalid = Counter(), Counter(), 0
    for line in open(path, encoding="utf-8"):
        entry = json.loads(line)
        dialect, case = entry["dialect"], entry["case"]
        if "refused" in entry:
            refused[dialect] += 1
            continue
        try:
            known[dialect].check(entry["body"])
            valid[dialect] += 1
            unexpected = (dialect, case) in NOT_THE_VENDORS
            if unexpected:
                print(f"{dialect} {case}: valid, though it should not be")
                invalid += 1
        except Exception as error:  # every validator has errors of its own
            if (dialect, case) in NOT_THE_VENDORS:
                refused[dialect] += 1
                continue
            invalid += 1
            print(f"{dialect} {case}: {str(error)[:1500]}\n  {json.dumps(entry['body'])[:600]}")
    for dialect in known:
        print(f"{dialect}: {valid[dialect]} valid, {refused[dialect]} not the vendor's or refused before sending")
    return 1 if invalid else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
