"""Find free ports on 127.0.0.1, and ask a broker which brokers it lists as live.

In: ports of 127.0.0.1. Out: ports, and numbers of brokers. It reads Kafka's protocol itself,
because only the standard library is available. Never connects to another host.
"""

import itertools
import random
import socket
import struct
from collections.abc import Callable

HOST = "127.0.0.1"


def read_live_brokers(port: int, timeout_s: float = 2.0) -> frozenset[int]:
    """The numbers of the brokers that the broker at this port lists as live.

    It sends Kafka's Metadata request, version 1. Brokers that are dead, paused or still starting
    are missing once the controller has noticed. Raises OSError if the broker does not answer;
    `timeout_s` limits each network step.
    """
    with socket.create_connection((HOST, port), timeout_s) as connection:
        # API key, API version, correlation id, no client id, no topics
        request = struct.pack(">hhihi", 3, 1, 1, -1, 0)
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as stream:
            try:
                _, _, count = struct.unpack(">iii", stream.read(12))
                return frozenset(_read_broker(stream.read) for _ in range(count))
            except struct.error as error:
                raise ConnectionError(
                    f"the broker's answer at port {port} is incomplete"
                ) from error


def _read_broker(read: Callable[[int], bytes]) -> int:
    number, length = struct.unpack(">ih", read(6))
    read(length + 4)  # host, port
    (rack_length,) = struct.unpack(">h", read(2))
    read(max(rack_length, 0))
    return int(number)


def is_free(port: int) -> bool:
    """Whether nothing listens at the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def pick_ports(count: int) -> list[int]:
    """`count` distinct free ports from 20,000 to 31,999.

    They are below the range for outgoing connections (Linux: from 32768). Otherwise a client that
    retries the port of a dead broker could get that port as its own and connect to itself.
    """
    drawn = random.SystemRandom().sample(range(20_000, 32_000), 12_000)
    return list(itertools.islice(filter(is_free, drawn), count))
