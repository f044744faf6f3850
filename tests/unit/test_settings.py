"""A misspelt variable is refused with the nearest name; those of other programs are not."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from newsloom.settings import Settings, SettingsError, read_settings_file


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # It holds no newsloom.toml.


MISSPELT = {
    "NEWSLOOM_IMAGSE": "did you mean NEWSLOOM_IMAGES?",
    "newsloom_imagse": "did you mean NEWSLOOM_IMAGES?",
    "NEWSLOOM_KAFKA_BOOTSTRAP_SERVER": "did you mean NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS?",
    "NEWSLOOM_METRIC_PORT": "did you mean NEWSLOOM_METRICS_PORT?",
    "NEWSLOOM_KAFKA_GROUP_PREFIX": "consumer groups are named after the topics",
    "NEWSLOOM_X": "docs/configuration.md lists all settings",
}


@pytest.mark.parametrize("name", MISSPELT)
def test_misspelt_variable_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "9780")
    with pytest.raises(SettingsError) as refused:
        Settings()
    assert name in str(refused.value)
    assert MISSPELT[name] in str(refused.value)


# What Kubernetes sets for the services newsloom, newsloom-curate and newsloom-metrics.
SERVICE_LINKS = {
    "NEWSLOOM_SERVICE_HOST": "10.0.0.1",
    "NEWSLOOM_PORT": "tcp://10.0.0.1:8000",
    "NEWSLOOM_CURATE_SERVICE_HOST": "10.0.0.1",
    "NEWSLOOM_CURATE_SERVICE_PORT": "8000",
    "NEWSLOOM_CURATE_SERVICE_PORT_METRICS": "8000",
    "NEWSLOOM_CURATE_PORT": "tcp://10.0.0.1:8000",
    "NEWSLOOM_CURATE_PORT_8000_TCP": "tcp://10.0.0.1:8000",
    "NEWSLOOM_CURATE_PORT_8000_TCP_PROTO": "tcp",
    "NEWSLOOM_CURATE_PORT_8000_TCP_PORT": "8000",
    "NEWSLOOM_CURATE_PORT_8000_TCP_ADDR": "10.0.0.1",
    "NEWSLOOM_METRICS_PORT": "tcp://10.0.0.1:9780",
}


def test_variables_of_other_programs_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    default = Settings()
    monkeypatch.setenv("NEWSLOOM_KAFKA_JARS", "/var/jars")
    for name, value in SERVICE_LINKS.items():
        monkeypatch.setenv(name, value)
    assert Settings() == default


@pytest.mark.parametrize(
    "name", ["images", "operator_contact", "catalogue", "story_weights", "sealing_keys_file"]
)
def test_empty_value_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f'{name} = ""\n')
    with pytest.raises(SettingsError, match=f"setting {name}: is empty"):
        read_settings_file(file)
    monkeypatch.setenv(f"NEWSLOOM_{name.upper()}", "")
    with pytest.raises(ValidationError, match="is empty: give it a value, or remove it"):
        Settings()


def test_empty_value_that_means_none_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLOOM_IMAGES_ALLOW_NETWORKS", "")
    monkeypatch.setenv("NEWSLOOM_KAFKA_TOPIC_PREFIX", "")
    assert Settings().kafka_topic_prefix == ""


def test_misspelt_name_in_a_file_is_refused_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('imagse = "off"\n')
    with pytest.raises(SettingsError, match="imagse: it is unknown: did you mean images"):
        read_settings_file(tmp_path / "a.toml")


@pytest.mark.parametrize(
    "servers",
    [
        "127.0.0.1:99999",
        "a.example:9092,b.example:0",
        "[::1]:65536",
        "a..example:9092",
        "a.example:9092:9093",
        ",",
    ],
)
def test_servers_that_cannot_be_are_refused(servers: str) -> None:
    with pytest.raises(ValidationError, match="is not host:port; write one or several"):
        Settings(kafka_bootstrap_servers=servers)


@pytest.mark.parametrize("servers", ["127.0.0.1:65535", "a.example, b.example:1", "[::1]:9092"])
def test_servers_are_taken_without_spaces(servers: str) -> None:
    taken = Settings(kafka_bootstrap_servers=servers).kafka_bootstrap_servers
    assert taken == servers.replace(" ", "")
