"""Ports on loopback for the endpoints of both stages, which are neighbours."""

from deploy.kafka.loopback import is_free, pick_ports


def pick_neighbours() -> int:
    """A port that is free, and so is the next."""
    while True:
        (port,) = pick_ports(1)
        if is_free(port + 1):
            return port
