"""Images: fetch them, read their headers and give each a verdict."""
