"""Kafka topics: their definitions, and the documents generated from them."""
