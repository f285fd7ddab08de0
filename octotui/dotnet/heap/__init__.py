"""What lies on the managed heap of a live process, by type; never what it holds."""
