"""Kafka topics: their definition, and the documents made from it."""
