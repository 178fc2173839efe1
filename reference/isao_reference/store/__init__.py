"""SQLite: functions over one connection, and the class that hands connections out."""
