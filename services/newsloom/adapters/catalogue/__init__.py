"""The catalogue: read providers and topics from TOML files."""
