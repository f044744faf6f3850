"""Prometheus as operators run it: promtool, and a server on loopback that is queried by its API.

In: the project's configuration, and the addresses of workers. Out: the output of promtool, and the
samples of an expression. Needs the Debian package `prometheus`.
"""

import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml

from deploy.kafka.loopback import HOST, pick_ports
from deploy.kafka.processes import exit_with_parent

DEPLOYED = Path(__file__).parents[2] / "deploy" / "prometheus"
START_TIMEOUT_S = 30.0
Sample = dict[str, Any]


def find_tool(name: str) -> str:
    """The path of `promtool` or `prometheus`. Raises RuntimeError with the fix if it is missing."""
    found = shutil.which(name)
    if found is None:
        raise RuntimeError(f"{name} is not installed: sudo apt-get install prometheus")
    return found


def run_promtool(*arguments: object) -> str:
    """The output of promtool. Raises AssertionError with that output if promtool fails."""
    command = [find_tool("promtool"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Prometheus:
    """A server with the project's configuration and rules, but other targets. A context manager."""

    def __init__(
        self, folder: Path, targets: Mapping[str, Sequence[str]], interval_s: int = 1
    ) -> None:
        """`targets` are `host:port` by the name of their job."""
        config = yaml.safe_load((DEPLOYED / "prometheus.yml").read_text())
        # One second is the shortest interval of Prometheus.
        config["global"] |= {
            "scrape_interval": f"{interval_s}s",
            "scrape_timeout": f"{interval_s}s",
            "evaluation_interval": f"{interval_s}s",
        }
        config["rule_files"] = [str(DEPLOYED / name) for name in config["rule_files"]]
        for job in config["scrape_configs"]:
            job.pop("dns_sd_configs", None)
            job["static_configs"] = [{"targets": list(targets.get(job["job_name"], ()))}]
        (self._port,) = pick_ports(1)
        self._folder = folder
        self._config = folder / "prometheus.yml"
        self._config.write_text(yaml.safe_dump(config))
        self.url = f"http://{HOST}:{self._port}"
        self._client = httpx.Client(base_url=self.url, timeout=20, verify=False)

    def __enter__(self) -> Self:
        command = [
            find_tool("prometheus"),
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address={HOST}:{self._port}",
            "--log.level=warn",
        ]
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(exit_with_parent(signal.SIGTERM) + command, stderr=log)
        try:
            self._await_ready()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def query(self, expression: str) -> list[Sample]:
        """The current samples of an expression. Raises AssertionError if it is invalid."""
        data = self._get("query", query=expression)
        is_scalar = data["resultType"] == "scalar"
        return [{"metric": {}, "value": data["result"]}] if is_scalar else data["result"]

    def rules(self) -> list[dict[str, Any]]:
        """All rules as last evaluated; alerts have their state."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, path: str, **parameters: str) -> Any:
        answer = self._client.get(f"/api/v1/{path}", params=parameters).json()
        assert answer["status"] == "success", f"{parameters}: {answer['error']}"
        return answer["data"]

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            has_ended = self._process.poll() is not None
            if has_ended or time.monotonic() > deadline:
                log = (self._folder / "prometheus.log").read_text()
                raise RuntimeError(f"Prometheus did not start: {log}")
            try:
                if self._client.get("/-/ready").is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)

    def _end(self) -> None:
        self._client.close()
        self._process.terminate()
        self._process.wait(timeout=20)
