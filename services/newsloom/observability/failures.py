"""Errors of observability, in a module that does not import an HTTP server."""


class EndpointError(Exception):
    """The endpoint cannot listen. The message is one line: the address, the reason and the fix."""
