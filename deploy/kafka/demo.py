"""The demo on Kafka: topics, workers, the examples produced, what comes out of it tailed.

Enters: brokers by NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS. Leaves: what a person sees, an exit code, and
no process behind it. `make demo-kafka` starts a broker around it.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

NEWSLOOM = str(Path(sys.executable).with_name("newsloom"))
EXAMPLES = str(Path(__file__).parents[2] / "examples" / "fortnight.jsonl")
DEADLINE_S = 60.0


def main() -> int:
    """0 once all was seen; 1 when a step failed, or no record came within a minute."""
    _say("topics", "topics", "create")
    _run("topics", "create")
    _say("workers, which stay while the demo lasts", "worker", "all")
    began = time.monotonic()
    # Whoever watches it says where; a port of its own might be taken.
    environment = {"NEWSLOOM_METRICS_PORT": "0"} | os.environ
    worker = subprocess.Popen([NEWSLOOM, "worker", "all"], env=environment)
    try:
        _say("two weeks of news from an invented town", "produce", "examples/fortnight.jsonl")
        _run("produce", EXAMPLES)
        first = ("curated-articles", "--from-offset", "0", "--limit", "10")
        _tail("the first curated records", *first)
        print(f"the first came {time.monotonic() - began:.1f} s after the workers were started")
        _tail("the latest stories", "stories", "--no-follow")
        letters = ("dead-letters", "--from-offset", "0", "--no-follow")
        _tail("what could not be curated, and why", *letters)
    finally:
        worker.send_signal(signal.SIGTERM)
        code = worker.wait(30)
    print("\nthe workers have finished their batch and left; the broker stops now")
    return code


def _say(what: str, *arguments: str) -> None:
    print(f"\n--- {what}: newsloom {' '.join(arguments)}", flush=True)


def _run(*arguments: str) -> None:
    subprocess.run([NEWSLOOM, *arguments], check=True)


def _tail(what: str, *arguments: str) -> None:
    _say(what, "tail", *arguments)
    subprocess.run([NEWSLOOM, "tail", *arguments], check=True, timeout=DEADLINE_S)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.TimeoutExpired:
        sys.exit(f"demo: nothing more came within {DEADLINE_S:.0f} s")
    except subprocess.CalledProcessError as error:
        sys.exit(f"demo: {' '.join(error.cmd)} failed")
