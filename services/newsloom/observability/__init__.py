"""Observability: what operators can see."""
