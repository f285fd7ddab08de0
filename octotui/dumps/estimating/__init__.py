"""What a capture will cost, by this host and by its history: bytes, seconds of pause, disk or memory."""
