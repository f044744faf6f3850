"""Why no broker answers: what happens at each address, for the person who has to mend it.

In: addresses of brokers. Out: one line of text. It opens connections and sends nothing.
"""

import asyncio
import socket
from collections.abc import Iterable
from contextlib import suppress

CONNECT_TIMEOUT_S = 2.0
DEFAULT_PORT = 9092
MAX_LISTED = 5
"""The addresses that a message names at most."""


async def explain_silence(addresses: Iterable[str]) -> str:
    """What happens at each address, when no broker answers there."""
    listed = list(addresses)[:MAX_LISTED]
    return ", ".join(await asyncio.gather(*map(_explain, listed)))


async def is_any_open(addresses: Iterable[str]) -> bool:
    """Whether one of the addresses takes connections."""
    return None in await asyncio.gather(*map(_connect, addresses))


async def _explain(address: str) -> str:
    problem = await _connect(address)
    if problem is not None:
        return f"{address} {problem}"
    return (
        f"{address} takes connections and does not answer: its broker is starting or hangs, or it "
        "is a port for TLS or SASL, which Newsloom does not speak"
    )


async def _connect(address: str) -> str | None:
    """Why no connection can be opened; None if one can."""
    host, _, port = address.rpartition(":")
    if not host or port.endswith("]"):
        host, port = address, str(DEFAULT_PORT)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except socket.gaierror:
        return "has an unknown host name"
    except TimeoutError:
        return f"takes no connection within {CONNECT_TIMEOUT_S:g} s"
    except OSError:
        return "refuses connections"
    with suppress(OSError):
        writer.close()
        await writer.wait_closed()
    return None
