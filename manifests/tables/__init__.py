"""One module a table: its schema, its checks, its reader and its writer."""
