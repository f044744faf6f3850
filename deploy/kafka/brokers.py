"""Start and stop Kafka brokers for tests, demos and development: Java processes, no Docker.

In: the command line; tests import `Cluster` from here instead. Out: brokers on 127.0.0.1 and an
exit code. Needs Python's standard library, Java 17 or newer and, for the first start, Maven.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]  # run as a script, from any folder

from deploy.kafka.cluster import Cluster  # noqa: E402
from deploy.kafka.jars import BrokerError  # noqa: E402
from deploy.kafka.processes import exit_with_parent  # noqa: E402

__all__ = ["VARIABLE", "BrokerError", "Cluster", "main"]

VARIABLE = "NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS"


def run_command(command: list[str], cluster: Cluster) -> int:
    """Run a command while the cluster runs; its exit code, or 128 + n if signal n ended it.

    SIGTERM and SIGHUP are forwarded to the command. Ctrl-C in a terminal reaches it directly.
    """
    child: subprocess.Popen[bytes] | None = None

    def handle(number: int, _: FrameType | None) -> None:
        if child is None:
            raise SystemExit(128 + number)
        if number != signal.SIGINT:
            child.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and & ignore some signals
            signal.signal(number, handle)
    with cluster:
        environment = {**os.environ, VARIABLE: cluster.bootstrap_servers}
        child = subprocess.Popen(exit_with_parent(signal.SIGTERM) + command, env=environment)
        code = child.wait()
    return 128 - code if code < 0 else code


def run(command: list[str], brokers: int) -> int:
    """Start brokers in a new temporary folder, run the command, stop them; its exit code.

    The folder with the logs is kept if the brokers fail, and removed otherwise. Raises BrokerError.
    """
    if shutil.which(command[0]) is None:
        raise BrokerError(f"{command[0]}: command not found: check its spelling and PATH")
    directory = tempfile.mkdtemp(prefix="newsloom-kafka-")
    is_kept = False
    try:
        return run_command(command, Cluster(directory, brokers))
    except BrokerError:
        is_kept = True
        raise
    finally:
        if not is_kept:
            shutil.rmtree(directory, ignore_errors=True)


def show_status(cluster: Cluster) -> int:
    """Print one line per broker. Returns 0 if all brokers answer, else 3."""
    code = 0
    for number, server in zip(cluster.numbers, cluster.bootstrap_servers.split(","), strict=True):
        pid = cluster.pid(number)
        state = "answers" if pid and cluster.is_answering(number) else "does not answer"
        code = code if state == "answers" else 3
        print(f"broker {number}  {server}  {f'process {pid}' if pid else 'not running'}  {state}")
    return code


def main(arguments: list[str] | None = None) -> int:
    """The command line: run, start, stop, status. Returns the exit code; 1 after a BrokerError."""
    parser = argparse.ArgumentParser(
        description="Start and stop Kafka brokers on 127.0.0.1 without Docker."
    )
    commands = parser.add_subparsers(dest="what", required=True)
    for what, purpose in (
        ("run", f"start brokers, run a command with {VARIABLE} set, then stop the brokers"),
        ("start", f"start brokers in a folder, leave them running and print {VARIABLE}"),
        ("stop", "stop the brokers of a folder; their data is kept"),
        ("status", "show which brokers of a folder answer; exit code 3 if one does not"),
    ):
        command = commands.add_parser(what, help=purpose, description=purpose)
        if what in ("run", "start"):
            command.add_argument(
                "--brokers", type=int, choices=(1, 3), help="number of brokers (1)"
            )
        if what == "run":
            command.add_argument("command", nargs="+", metavar="-- COMMAND", help="command to run")
        else:
            command.add_argument(
                "--dir", required=True, type=Path, help="folder of the brokers' data and logs"
            )
    options = parser.parse_args(arguments)
    try:
        if options.what == "run":
            return run(options.command, options.brokers or 1)
        if options.what == "start":
            cluster = Cluster(options.dir, options.brokers, outlive=True)
            cluster.start()
            print(f"export {VARIABLE}={cluster.bootstrap_servers}")
            return 0
        if options.what == "status":
            return show_status(Cluster(options.dir))
        Cluster(options.dir).stop()
        return 0
    except (BrokerError, OSError) as error:
        print(f"brokers: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
