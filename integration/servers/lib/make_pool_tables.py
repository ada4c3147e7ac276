"""Makes the empty SQLite database of a Zaqar with pooling: make_pool_tables.py FILE.

Zaqar's own way, its migrations, changes columns in a manner that SQLite does not know.
"""
import pathlib
import sqlite3
import sys

import sqlalchemy
from zaqar.storage.sqlalchemy import tables

file = pathlib.Path(sys.argv[1])
for old in file.parent.glob(file.name + '*'):
    old.unlink()
# With its default journal, SQLite fails with "database is locked" as soon as two requests write.
sqlite3.connect(file).execute('PRAGMA journal_mode=WAL')
tables.metadata.create_all(sqlalchemy.create_engine(f'sqlite:///{file}'))
