"""On Kafka: the topics, the clients, and the workers that run the pipeline."""
