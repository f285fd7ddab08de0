"""The screen: a Textual application on top of the host and its dump service."""
