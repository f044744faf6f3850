"""Failures of watching, apart from what watches: who names them need not load a server."""


class EndpointError(Exception):
    """It cannot be served there. The message says why and how to mend it, in one line."""
