"""The experiment, its plan, its trials and their cost."""
