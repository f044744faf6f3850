"""The demo on Kafka: create topics, start workers, produce the examples, show the output.

In: the brokers of NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS; `make demo-kafka` starts one. Out: printed
steps and records, and an exit code. Leaves no process running.
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
    """Run all steps. Returns the exit code of the workers, 0 after a normal end."""
    _say("create the topics", "topics", "create")
    _run("topics", "create")
    _say("start the workers; they run until the end of the demo", "worker", "all")
    print("at its first start on a machine, curate compiles search loops for ten seconds or more")
    began = time.monotonic()
    # No metrics by default, because the usual port may be in use. The environment can set a port.
    environment = {"NEWSLOOM_METRICS_PORT": "0"} | os.environ
    worker = subprocess.Popen([NEWSLOOM, "worker", "all"], env=environment)
    try:
        _say("send two weeks of invented news", "produce", "examples/fortnight.jsonl")
        _run("produce", EXAMPLES)
        first = ("curated-articles", "--from-offset", "0", "--limit", "10")
        _tail("the first curated records", *first)
        print(f"shown {time.monotonic() - began:.1f} s after the start of the workers")
        _tail("the latest stories", "stories", "--no-follow")
        dead_letters = ("dead-letters", "--from-offset", "0", "--no-follow")
        _tail("inputs that could not be curated, with the reason", *dead_letters)
    finally:
        worker.send_signal(signal.SIGTERM)
        code = worker.wait(30)
    print("\nthe workers have ended; a broker started by `make demo-kafka` stops now")
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
        sys.exit(f"demo: no further record within {DEADLINE_S:.0f} s: look for errors above")
    except subprocess.CalledProcessError as error:
        sys.exit(f"demo: {' '.join(error.cmd)} failed")
