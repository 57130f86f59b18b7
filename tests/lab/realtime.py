"""PJSIP endpoints in a database, as realtime and sorcery read them: an SQLite file beside the Asterisk."""

import sqlite3
from contextlib import closing
from pathlib import Path

#: Only the columns that we fill; Asterisk takes its defaults for the others.
TABLES = {
    "ps_endpoints": ("id", "context", "disallow", "allow", "direct_media", "aors", "auth"),
    "ps_auths": ("id", "auth_type", "username", "password"),
    "ps_aors": ("id", "max_contacts", "remove_existing", "minimum_expiration", "qualify_frequency", "qualify_timeout"),
}


class Realtime:
    """The tables that one Asterisk looks into whenever it needs an endpoint: no reload is needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with closing(sqlite3.connect(path)) as database, database:
            for table, columns in TABLES.items():
                declared = ", ".join(f"{column} TEXT" for column in columns)
                database.execute(f"CREATE TABLE IF NOT EXISTS {table} ({declared}, PRIMARY KEY (id))")

    def add_phone(
        self, name: str, password: str = "secret", qualify_frequency: int = 2, qualify_timeout: float = 1
    ) -> None:
        """Add a phone that registers by itself."""
        rows = {
            "ps_endpoints": (name, "default", "all", "ulaw", "no", name, name),
            "ps_auths": (name, "userpass", name, password),
            "ps_aors": (name, "1", "yes", "1", str(qualify_frequency), str(qualify_timeout)),
        }
        with closing(sqlite3.connect(self.path)) as database, database:
            for table, row in rows.items():
                database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)

    def remove(self, name: str) -> None:
        """Remove a phone; Asterisk finds it missing when it next looks."""
        with closing(sqlite3.connect(self.path)) as database, database:
            for table in TABLES:
                database.execute(f"DELETE FROM {table} WHERE id = ?", (name,))
