"""Storage: the output folder of an embedded run, and the spill file of a lane."""
