"""Settings, all described in one place: flags win, then `NEWSLOOM_*`, then `newsloom.toml`."""

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from newsloom.pipeline.enrich import ImageMode

FILE = "newsloom.toml"


class Settings(BaseSettings):
    """What can be set for a whole installation. A flag's value is given as an argument."""

    model_config = SettingsConfigDict(env_prefix="NEWSLOOM_", toml_file=FILE, extra="forbid")

    images: ImageMode = Field(
        default="trust",
        description="`trust` keeps images as the crawler gave them, `off` drops them.",
    )

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
