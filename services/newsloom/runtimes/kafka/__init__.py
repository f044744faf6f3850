"""On Kafka: topics, and what reads and writes them."""
