"""Kafka clients: connections, administration, producing and reading."""
