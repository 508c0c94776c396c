"""The machine: devices, memory, compiled programs, what JAX is set to."""
