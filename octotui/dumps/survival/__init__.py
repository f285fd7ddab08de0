"""What a killed octotui left: whole dumps are finished, partial ones removed, targets released."""
