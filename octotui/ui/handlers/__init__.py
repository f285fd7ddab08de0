"""What the actions of the process screen do, by subject."""
