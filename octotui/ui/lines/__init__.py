"""What stands on the screen, as lines of styled pieces of text: pure functions, no widget."""
