"""`make soak`: workers under a long steady load; what they hold must not grow."""
