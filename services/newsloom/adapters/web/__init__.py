"""The web: the guarded HTTP client, its per-host limits, and robots.txt."""
