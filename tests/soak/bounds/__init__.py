"""`python -m tests.soak.bounds`: inputs that cause much work, and the bounds of that work."""
