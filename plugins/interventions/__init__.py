"""The built-in interventions."""
