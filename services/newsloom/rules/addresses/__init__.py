"""Addresses: canonical URLs, registrable domains, AMP URLs and carriers."""
