"""What the operating system says about processes."""
