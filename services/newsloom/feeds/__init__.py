"""The reference crawler: it reads feeds and writes article events by the public schema."""
