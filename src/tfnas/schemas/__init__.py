"""The tables that the workflow writes, one file for each."""
