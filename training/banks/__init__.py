"""Face banks: a folder's faces found, reviewed and kept."""
