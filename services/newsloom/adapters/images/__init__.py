"""Images: fetching them, reading their headers, and judging them."""
