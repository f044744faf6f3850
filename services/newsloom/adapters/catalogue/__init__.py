"""The catalogue: providers and topics, read from TOML files."""
