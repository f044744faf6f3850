"""`newsloom explain`: shows why one article was curated as it was."""
