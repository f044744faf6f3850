"""All settings of an installation, with their descriptions, defaults and bounds.

In: flags, environment variables `NEWSLOOM_*` and the file `newsloom.toml` in the working folder. A
flag wins over the environment, the environment over the file. Out: validated `Settings`. The
descriptions become docs/configuration.md, so each must be complete by itself.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from newsloom.pipeline.enrich import ImageMode
from newsloom.rules.lanes import MAX_LANES, LaneTable
from newsloom.rules.scoring import MAX_HEAT_BONUS, MAX_QUALITY, PUBLISH_THRESHOLD

SETTINGS_FILE = "newsloom.toml"
PREFIX = "NEWSLOOM_"
OTHER_VARIABLES = ("NEWSLOOM_KAFKA_JARS",)
"""Variables with the prefix that are no settings: the test broker (deploy/kafka) reads them."""

_SERVICE_LINK = re.compile(
    r"NEWSLOOM_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
"""Kubernetes sets such variables in each pod for a service whose name begins with `newsloom`."""
_SERVICE_URL = re.compile(r"(tcp|udp|sctp)://")
_MAY_BE_EMPTY = ("images_allow_networks", "kafka_topic_prefix")

_REMOVED = {
    "kafka_group_prefix": "consumer groups are named after the topics, so that no two groups "
    "publish the same articles: docs/kafka.md#groups says how to remove it",
}
"""Why settings of the former release are no longer there, and what to do."""

_SERVER = r"\s*(\[[0-9A-Fa-f:.]+\]|[^\s,:\[\]]+)(?::([0-9]{1,5}))?\s*"


def _is_host(name: str) -> bool:
    """Whether a resolver can be asked for the name: no label is empty or too long."""
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True


def _parts(listed: str) -> list[str]:
    return [part.strip() for part in listed.split(",") if part.strip()]


class Settings(BaseSettings):
    """The settings of an installation. The values of flags are passed as arguments."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, toml_file=SETTINGS_FILE, extra="forbid")

    images: ImageMode = Field(
        default="check",
        description="Images of articles are handled in one of three ways: `check` fetches each "
        "image and keeps the usable ones with their true sizes, `trust` keeps all "
        "images as given and fetches none, `off` drops them. The default is `check`.",
    )
    images_per_article: int = Field(
        default=1,
        ge=1,
        le=3,
        description="An article keeps at most this number of usable images if `images` is "
        "`check`, from 1 to 3. The default is 1.",
    )
    discover_images: bool = Field(
        default=False,
        description="If this is `true`, Newsloom looks for images on the page of an article that "
        "came without any, if the site's robots.txt allows it. It has an effect only "
        "if `images` is `check`. The default is `false`.",
    )
    images_allow_networks: str = Field(
        default="",
        description="Fetches may connect to these networks on any port, in addition to public "
        "addresses on ports 80 and 443. They are IPv4 and IPv6 networks such as "
        "`10.1.0.0/16,fd00:1::/32`, separated by commas. By default there are none.",
    )
    operator_contact: str | None = Field(
        default=None,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="This URL or mail address is sent in the User-Agent header of all fetches, so "
        "that the operators of websites can reach you. It has at most 200 ASCII "
        "characters without spaces. By default none is sent.",
    )
    catalogue: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(),
        description="These files of providers and topics add entries to the bundled catalogue, or "
        "override its entries key by key; a later file overrides an earlier one. They "
        f"are a list in `{SETTINGS_FILE}`, and paths separated by `{os.pathsep}` in the "
        "environment. By default there are none.",
    )
    story_weights: Path | None = Field(
        default=None,
        description="This TOML file gives the weights of the evidence for stories, in "
        "thousandths. It has at most 64 KiB, and a weight that it does not name keeps "
        "its default. By default the weights that come with Newsloom apply.",
    )
    publish_threshold: int = Field(
        default=PUBLISH_THRESHOLD,
        ge=0,
        le=MAX_QUALITY + MAX_HEAT_BONUS,
        description="The lead of a story gets `published: true` if its heat is at least this "
        f"number, from 0 to {MAX_QUALITY + MAX_HEAT_BONUS}. The default is "
        f"{PUBLISH_THRESHOLD}.",
    )
    kafka_bootstrap_servers: str = Field(
        default="127.0.0.1:9092",
        description="Newsloom connects to these Kafka brokers first, and finds the other brokers "
        "through them. They are written as `host:port`, separated by commas. The "
        "default is `127.0.0.1:9092`.",
    )
    kafka_topic_prefix: str = Field(
        default="news.",
        pattern=r"^[a-zA-Z0-9._-]{0,200}$",
        description="The names of all Kafka topics begin with this text, and those of the workers' "
        "consumer groups and transactional ids. It has at most 200 characters of "
        "`a-z`, `A-Z`, `0-9`, `.`, `_` and `-`. Two installations on the same brokers "
        "need different prefixes. The default is `news.`.",
    )
    kafka_lanes: Annotated[dict[str, int], NoDecode] = Field(
        default={},
        description="This table gives the lane of each language, such as `de=1,fr=2`: a BCP 47 "
        f"language in lower case and a lane from 0 to {MAX_LANES - 1}, without gaps "
        f"between the lanes. In `{SETTINGS_FILE}` it is a TOML table. All other languages share "
        "lane 0. By default all languages do.",
    )
    sealing_keys: SecretStr | None = Field(
        default=None,
        description="These keys seal private objects. They are written as `id:secret`, oldest "
        "first, separated by commas or spaces. Set either this or "
        "`sealing_keys_file`. By default there are no keys, and private objects are "
        "dropped.",
    )
    sealing_keys_file: Path | None = Field(
        default=None,
        description="This file holds the keys that seal private objects, one `id:secret` a line, "
        "oldest first, as `newsloom keys new` writes it. It has at most 64 KiB. Set "
        "either this or `sealing_keys`. By default there are no keys, and private "
        "objects are dropped.",
    )

    metrics_host: str = Field(
        default="127.0.0.1",
        min_length=1,
        max_length=255,
        description="Workers, and `newsloom run --metrics-port`, serve `/metrics`, `/healthz` and "
        "`/readyz` at this address or host name of at most 255 characters. With "
        "`0.0.0.0` they serve at every IPv4 address of the machine. The default is "
        "`127.0.0.1`, which only this machine can reach.",
    )
    metrics_port: int = Field(
        default=9780,
        ge=0,
        le=65_534,
        description="An enrich worker serves metrics and health at this TCP port, from 0 to "
        "65534, and a curate worker at the next higher port. With 0 workers serve "
        "nothing. The default is 9780.",
    )
    health_stall_s: float = Field(
        default=60,
        gt=0,
        le=3600,
        description="`/healthz` of a worker fails when its event loop is silent, or a partition "
        "with waiting records has no commit, for longer than this number of seconds: "
        "more than 0, at most 3600. The default is 60.",
    )
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="Workers write their log to standard error in this form: `text` for lines "
        "that people read, `json` for one JSON object a line. The default is `text`.",
    )
    log_level: Literal["error", "warning", "info", "debug"] = Field(
        default="warning",
        description="Workers log messages of this level and of more severe ones: `error`, "
        "`warning`, `info` or `debug`. `info` adds dead letters, slow records, "
        "refused requests and articles without a usable image; `debug` adds a line "
        "for every record in each stage. The default is `warning`.",
    )

    @field_validator("catalogue", mode="before")
    @classmethod
    def _split_paths(cls, paths: object) -> object:
        return tuple(filter(None, paths.split(os.pathsep))) if isinstance(paths, str) else paths

    @field_validator("images_allow_networks")
    @classmethod
    def _check_networks(cls, networks: str) -> str:
        for network in _parts(networks):
            ip_network(network)
        return networks

    @property
    def allowed_networks(self) -> list[IPv4Network | IPv6Network]:
        """The networks of `images_allow_networks`, parsed."""
        return [ip_network(network) for network in _parts(self.images_allow_networks)]

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _check_servers(cls, servers: str) -> str:
        for server in servers.split(","):
            match = re.fullmatch(_SERVER, server)
            is_port = match is not None and 0 < int(match[2] or 9092) < 65_536
            if match is None or not is_port or not _is_host(match[1]):
                raise ValueError(
                    f"{server!r} is not host:port; write one or several, separated by commas"
                )
        return servers.replace(" ", "")

    @field_validator("kafka_lanes", mode="before")
    @classmethod
    def _read_lanes(cls, lanes: object) -> object:
        if not isinstance(lanes, str):
            return lanes
        table = {}
        for entry in filter(None, map(str.strip, lanes.split(","))):
            match = re.fullmatch(r"(\w+)\s*=\s*([0-9]{1,3})", entry)
            if match is None:
                raise ValueError(f"{entry!r} is not language=lane; write entries such as de=1")
            table[match[1]] = int(match[2])
        return table

    @field_validator("kafka_lanes")
    @classmethod
    def _check_lanes(cls, lanes: dict[str, int]) -> dict[str, int]:
        LaneTable(lanes)
        return lanes

    # The last one that is defined runs first.
    @field_validator("*", mode="before")
    @classmethod
    def _refuse_empty(cls, value: object, info: ValidationInfo) -> object:
        if value == "" and info.field_name not in _MAY_BE_EMPTY:
            raise ValueError("is empty: give it a value, or remove it")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - passed by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The sources in order of precedence: flags, environment, file.

        Raises SettingsError for a variable that looks like a setting and is none.
        """
        assert isinstance(env_settings, EnvSettingsSource)
        env_settings.env_vars = _without_service_links(env_settings.env_vars)
        _check_names(os.environ)
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def read_settings(**flags: Any) -> Settings:
    """Reads the settings. A flag without a value (None, False, empty) is ignored."""
    return Settings(**{name: value for name, value in flags.items() if value})


class SettingsError(ValueError):
    """A settings file or a variable cannot be used. The message names it and the problem."""


def suggestion(name: str) -> str:
    """The end of a message about the unknown setting `name`: the nearest name, or where to look.

    A name with the prefix of variables gets one with the prefix.
    """
    is_variable = name.startswith(PREFIX)
    field = name.removeprefix(PREFIX).lower()
    if field in _REMOVED:
        return f": {_REMOVED[field]}"
    near = get_close_matches(field, list(Settings.model_fields), n=1)
    if not near:
        return "; docs/configuration.md lists all settings"
    return f": did you mean {PREFIX + near[0].upper() if is_variable else near[0]}?"


def _check_names(variables: Mapping[str, str]) -> None:
    known = {PREFIX + field.upper() for field in Settings.model_fields} | {*OTHER_VARIABLES}
    for name, value in sorted(variables.items()):
        upper = name.upper()
        if upper.startswith(PREFIX) and upper not in known and not _is_service_link(upper, value):
            raise SettingsError(f"the variable {name} is not a setting{suggestion(upper)}")


def _without_service_links(variables: Mapping[str, str | None]) -> Mapping[str, str | None]:
    return {name: v for name, v in variables.items() if not _is_service_link(name.upper(), v or "")}


def _is_service_link(name: str, value: str) -> bool:
    """Whether Kubernetes set a variable. A service may be called as a setting is."""
    if name.startswith(PREFIX) and name.endswith("PORT") and _SERVICE_URL.match(value):
        return True
    return _SERVICE_LINK.fullmatch(name) is not None


def read_settings_file(path: Path) -> Settings:
    """Reads the settings from a file with the form of newsloom.toml only. Raises SettingsError."""
    try:
        path.open("rb").close()  # pydantic-settings would treat a missing file as empty
        return _settings_of(path)
    except OSError as error:
        fix = "name an existing file of settings"
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); {fix}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8; save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        fix = "write lines such as name = value"
        raise SettingsError(f"{path}: not TOML: {error}; {fix}") from error
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        setting = ".".join(map(str, fault["loc"]))
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            message = f"it is unknown{suggestion(setting)}"
        raise SettingsError(f"{path}: setting {setting}: {message}") from error


def _settings_of(path: Path) -> Settings:
    class FileSettings(Settings):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: Any, **__: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (TomlConfigSettingsSource(settings_cls, path),)

    return FileSettings()
