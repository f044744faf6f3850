"""From the bytes of a feed to article events: pure functions, which get the time as an argument."""
