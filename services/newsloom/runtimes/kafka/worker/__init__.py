"""Kafka workers: the enrich and curate processes."""
