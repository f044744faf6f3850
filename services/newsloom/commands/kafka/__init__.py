"""Commands that connect to a Kafka broker."""
