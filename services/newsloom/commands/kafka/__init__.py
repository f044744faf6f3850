"""Commands that talk to a Kafka broker."""
