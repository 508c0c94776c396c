"""Built-in schedules, one plugin a file."""
