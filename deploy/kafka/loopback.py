"""The loopback side of brokers: free ports, and the question whom a broker holds for alive.

Enters: ports of 127.0.0.1. Leaves: ports, and numbers of brokers read from Kafka's own protocol
by hand, since no client library may be assumed. Never reaches another host.
"""

import itertools
import random
import socket
import struct
from collections.abc import Callable

HOST = "127.0.0.1"


def read_live_brokers(port: int, timeout_s: float = 2.0) -> frozenset[int]:
    """Numbers of the brokers that the one at this port holds for alive (Metadata request, v1).

    Brokers that are dead, frozen or still starting are not among them once the controller has
    noticed. Raises OSError when the one asked does not answer within timeout_s a step.
    """
    with socket.create_connection((HOST, port), timeout_s) as connection:
        request = struct.pack(">hhihi", 3, 1, 1, -1, 0)  # key, version, id, no client, no topic
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as stream:
            try:
                _, _, count = struct.unpack(">iii", stream.read(12))
                return frozenset(_read_broker(stream.read) for _ in range(count))
            except struct.error as error:
                raise ConnectionError("the answer was cut") from error


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
    """Free ports below those that systems hand to clients (Linux: from 32768).

    A client that retries a dead broker's port could else be given it as its own and meet itself.
    """
    drawn = random.SystemRandom().sample(range(20_000, 32_000), 12_000)
    return list(itertools.islice(filter(is_free, drawn), count))
