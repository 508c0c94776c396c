"""The material of reports: the pooled tables of runs, and the pieces of a page as plain data."""
