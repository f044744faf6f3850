"""Runtimes: what runs the pipeline. Embedded: one process and a folder. Kafka: workers."""
