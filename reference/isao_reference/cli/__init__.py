"""One file a command. Heavy imports stand inside the functions: `isao --help` loads every command."""
