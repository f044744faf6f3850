"""The AsyncAPI 3.0 document of the public topics, made from their definition and JSON Schemas.

In: definitions. Out: the text of `schemas/asyncapi.yaml`, the same for the same code; payloads
are references to the files in `schemas/json` beside it. Nothing is read or written here.
"""

from typing import Any

import yaml

from newsloom.records.curated import SCHEMA_VERSION
from newsloom.records.schemas import READERS, published_schema
from newsloom.runtimes.kafka.topics.definitions import KafkaTopic, KafkaTopics

BINDING_VERSION = "0.5.0"

_HEAD = (
    "# Made by `newsloom schemas export`; change runtimes/kafka/topics/definitions.py instead.\n"
)
_BYTES = {
    "type": "string",
    "format": "binary",
    "description": "The input's own bytes, whatever they are.",
}


def asyncapi_text() -> str:
    """The document as YAML: public topics under the default prefix, in the order of the way."""
    text = yaml.safe_dump(
        _document(KafkaTopics()),
        sort_keys=False,
        allow_unicode=True,
        width=100,
        default_flow_style=False,
    )
    return _HEAD + text


def _document(topics: KafkaTopics) -> dict[str, Any]:
    public = [topic for topic in topics if not topic.is_inner]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Newsloom",
            "version": f"{SCHEMA_VERSION}.0.0",
            "description": "Article events in, curated records out. Topics carry a prefix that an "
            f"installation may change (`NEWSLOOM_KAFKA_TOPIC_PREFIX`), here `{topics.prefix}`. "
            "Subscribers read with `isolation.level=read_committed`.",
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "defaultContentType": "application/json",
        "channels": {_camel(topic): _channel(topics, topic) for topic in public},
        "operations": {
            f"{_action(topic)}{_camel(topic)[0].upper()}{_camel(topic)[1:]}": _operation(topic)
            for topic in public
        },
        "components": {"messages": {_camel(topic): _message(topic) for topic in public}},
    }


def _camel(topic: KafkaTopic) -> str:
    first, *further = topic.suffix.split(".")[0].split("-")
    return first + "".join(word.capitalize() for word in further)


def _action(topic: KafkaTopic) -> str:
    """What Newsloom itself does; who uses it does the other."""
    is_read = topic.schema is not None and READERS[topic.schema] == "crawlers"
    return "receive" if is_read else "send"


def _channel(topics: KafkaTopics, topic: KafkaTopic) -> dict[str, Any]:
    configs: dict[str, Any] = {
        key: int(value) if value.isdigit() else value for key, value in topic.configs().items()
    }
    configs["cleanup.policy"] = topic.cleanup.split(",")
    return {
        "address": topics.name(topic),
        "description": topic.purpose,
        "messages": {_camel(topic): {"$ref": f"#/components/messages/{_camel(topic)}"}},
        "bindings": {"kafka": {"topicConfiguration": configs, "bindingVersion": BINDING_VERSION}},
    }


def _operation(topic: KafkaTopic) -> dict[str, Any]:
    return {
        "action": _action(topic),
        "channel": {"$ref": f"#/channels/{_camel(topic)}"},
        "summary": f"Written by {topic.written_by}; read by {topic.read_by}.",
        "messages": [{"$ref": f"#/channels/{_camel(topic)}/messages/{_camel(topic)}"}],
    }


def _message(topic: KafkaTopic) -> dict[str, Any]:
    message: dict[str, Any] = {"name": _camel(topic)}
    if topic.schema is None:
        message["title"] = _camel(topic)
        message |= {"contentType": "application/octet-stream", "payload": _BYTES}
    else:
        message["title"] = published_schema(topic.schema)["title"]
        # No schemaFormat: parsers take plain JSON Schema as the default format, of which draft
        # 2020-12 as written here is a part, but not its name as a format.
        message["payload"] = {"$ref": f"./json/{topic.schema}.v{SCHEMA_VERSION}.schema.json"}
    if topic.headers:
        message["headers"] = {
            "type": "object",
            "properties": {
                name: {"type": "string", "description": said}
                for name, said in topic.headers.items()
            },
        }
    message["bindings"] = {
        "kafka": {
            "key": {"type": "string", "description": topic.key},
            "bindingVersion": BINDING_VERSION,
        }
    }
    return message
