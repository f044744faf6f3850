"""Reading the record batches that any Kafka client may have written."""
