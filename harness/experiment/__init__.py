"""What is asked for: the experiment, its plan, what it costs."""
