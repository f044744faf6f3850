"""Visiting feeds: politely, one after another at each host, without losing an entry."""
