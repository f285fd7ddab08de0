"""The screens and dialogs of octotui."""
