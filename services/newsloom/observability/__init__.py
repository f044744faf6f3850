"""Observability: metrics, health checks and logs for operators."""
