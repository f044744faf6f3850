"""Fixtures for this folder: those of the integration tests."""

from tests.integration.conftest import kafka, servers

__all__ = ["kafka", "servers"]
