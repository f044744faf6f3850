"""Free ports on loopback for the metrics endpoints of both stages, which need adjacent ports."""

from deploy.kafka.loopback import is_free, pick_ports


def pick_neighbours() -> int:
    """A free port whose next higher port is free too."""
    while True:
        (port,) = pick_ports(1)
        if is_free(port + 1):
            return port
