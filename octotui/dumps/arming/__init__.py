"""Watch rules: whom they wait for, when they capture, and what became of it. Pure; nothing here touches a process."""
