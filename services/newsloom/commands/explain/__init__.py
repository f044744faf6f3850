"""`newsloom explain`: why one article was curated as it was."""
