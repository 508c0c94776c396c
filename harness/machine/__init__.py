"""The machine: devices, memory, compiled programs, settings of JAX."""
