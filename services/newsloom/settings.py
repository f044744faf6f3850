"""Settings, all described in one place: flags win, then `NEWSLOOM_*`, then `newsloom.toml`."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network

from pydantic import Field, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from newsloom.pipeline.enrich import ImageMode

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

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The order of precedence: flags, environment, file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
