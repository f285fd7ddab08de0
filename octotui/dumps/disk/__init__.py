"""Files and directories handled safely: written whole or not at all, as their owner, through no link."""
