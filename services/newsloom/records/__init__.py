"""Records: the types of all JSON objects that enter or leave the pipeline."""
