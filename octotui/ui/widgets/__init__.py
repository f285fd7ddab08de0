"""The widgets of octotui."""
