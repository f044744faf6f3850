"""The pipeline: the path of one record, from its bytes to the records that a lane publishes."""
