"""What a report is made of: the tables of runs, pooled, and the pieces of a page as plain data."""
