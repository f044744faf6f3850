"""The commands: what a person types, and how the answer is shown."""
