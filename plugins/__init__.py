"""The plugins that come with the harness, found through entry points like anyone else's."""
