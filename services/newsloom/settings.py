"""Settings, all described in one place: flags win, then `NEWSLOOM_*`, then `newsloom.toml`."""

import os
import re
import tomllib
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from newsloom.pipeline.enrich import ImageMode
from newsloom.rules.lanes import LaneTable
from newsloom.rules.scoring import MAX_HEAT_BONUS, MAX_QUALITY, PUBLISH_THRESHOLD

FILE = "newsloom.toml"

_SERVER = r"\s*(\[[0-9A-Fa-f:.]+\]|[^\s,:\[\]]+)(:[0-9]{1,5})?\s*"


def _parts(listed: str) -> list[str]:
    return [part.strip() for part in listed.split(",") if part.strip()]


class Settings(BaseSettings):
    """What can be set for a whole installation. A flag's value is given as an argument."""

    model_config = SettingsConfigDict(env_prefix="NEWSLOOM_", toml_file=FILE, extra="forbid")

    images: ImageMode = Field(
        default="check",
        description="`check` fetches images and keeps the good, `trust` keeps all, `off` none.",
    )
    images_per_article: int = Field(
        default=1, ge=1, le=3, description="How many good images an article keeps, at most."
    )
    discover_images: bool = Field(
        default=False,
        description="Whether to look for images on the page of an article that came without any.",
    )
    images_allow_networks: str = Field(
        default="",
        description="Networks (CIDR, with commas) open to fetches on any port, besides the public.",
    )
    operator_contact: str | None = Field(
        default=None,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="A URL or mail address told to the sites that are fetched from.",
    )
    catalogue: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(),
        description="Files of your own that add to the catalogue or override it, in order; "
        f"in the environment separated by `{os.pathsep}`.",
    )
    story_weights: Path | None = Field(
        default=None,
        description="A file of weights of the evidence for stories, in place of those that come "
        "with Newsloom; what it leaves out stays as it is.",
    )
    publish_threshold: int = Field(
        default=PUBLISH_THRESHOLD,
        ge=0,
        le=MAX_QUALITY + MAX_HEAT_BONUS,
        description="The heat from which on the lead of a story is published.",
    )
    kafka_bootstrap_servers: str = Field(
        default="127.0.0.1:9092",
        description="Brokers to begin with, `host:port`, separated by commas.",
    )
    kafka_topic_prefix: str = Field(
        default="news.",
        pattern=r"^[a-zA-Z0-9._-]{0,200}$",
        description="What the names of all topics begin with.",
    )
    kafka_group_prefix: str = Field(
        default="newsloom.",
        pattern=r"^[a-zA-Z0-9._-]{0,200}$",
        description="What the names of the workers' groups and transactions begin with.",
    )
    kafka_lanes: Annotated[dict[str, int], NoDecode] = Field(
        default={},
        description="The lane of each language, such as `de=1,fr=2`; of all others lane 0.",
    )
    sealing_keys: SecretStr | None = Field(
        default=None,
        description="Keys that seal what is private: `id:secret`, oldest first, with commas.",
    )
    sealing_keys_file: Path | None = Field(
        default=None,
        description="The same as a file, one key a line; see `newsloom keys new`.",
    )

    metrics_host: str = Field(
        default="127.0.0.1",
        min_length=1,
        max_length=255,
        description="The address at which workers serve metrics and health; `0.0.0.0` is every one "
        "of this machine's.",
    )
    metrics_port: int = Field(
        default=9780,
        ge=0,
        le=65_534,
        description="The port of enrich; curate takes the next. 0 serves none.",
    )
    health_stall_s: float = Field(
        default=60,
        gt=0,
        le=3600,
        description="Seconds for which the event loop may not answer, or commits may not advance "
        "while records wait, before `/healthz` fails.",
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="How workers log: lines to read, or an object a line."
    )
    log_level: Literal["error", "warning", "info", "debug"] = Field(
        default="warning",
        description="`info` adds dead letters and slow records, `debug` the way of every record.",
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
        """The networks that `images_allow_networks` names."""
        return [ip_network(network) for network in _parts(self.images_allow_networks)]

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _check_servers(cls, servers: str) -> str:
        if not re.fullmatch(rf"{_SERVER}(,{_SERVER})*", servers):
            raise ValueError(f"{servers!r} is not host:port, or several of them with commas")
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
                raise ValueError(f"{entry!r} is not language=lane, such as de=1")
            table[match[1]] = int(match[2])
        return table

    @field_validator("kafka_lanes")
    @classmethod
    def _check_lanes(cls, lanes: dict[str, int]) -> dict[str, int]:
        LaneTable(lanes)
        return lanes

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - passed by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The order of precedence: flags, environment, file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def read_settings(**flags: Any) -> Settings:
    """The settings, with those of `flags` that were given."""
    return Settings(**{name: value for name, value in flags.items() if value})


class SettingsError(ValueError):
    """A file of settings that cannot be used. The message names the file and what is wrong."""


def read_settings_file(path: Path) -> Settings:
    """The settings of a file of the form of newsloom.toml, whatever flags and environment say.

    Raises SettingsError.
    """

    class FileSettings(Settings):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: Any, **__: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (TomlConfigSettingsSource(settings_cls, path),)

    try:
        path.open("rb").close()  # a file that is not there would count as empty
        return FileSettings()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8; save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error}") from error
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        setting = ".".join(map(str, fault["loc"]))
        message = fault["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{path}: setting {setting}: {message}") from error
