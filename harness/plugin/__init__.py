"""What a plugin is: one interface a kind, what it is shown, how it is found and hashed."""
