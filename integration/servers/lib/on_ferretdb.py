"""Lets Zaqar's MongoDB driver work on FerretDB, which lacks what follows. Loaded by a .pth file; Zaqar is not touched.

FerretDB has no indexes that expire: lib/collect_garbage.py deletes in their place. Its find-and-modify does not take a
projection, which only makes answers smaller. And a change that a unique index refuses comes as an error without the
code that says so.
"""
from pymongo import collection, errors


def without(method, option):
    """Returns method, which ignores an option of this name."""
    def call(self, *args, **kwargs):
        kwargs.pop(option, None)
        return method(self, *args, **kwargs)
    return call


for name, option in (
        ('create_index', 'expireAfterSeconds'),
        ('find_one_and_update', 'projection'),
        ('find_one_and_delete', 'projection'),
        ('find_one_and_replace', 'projection')):
    setattr(collection.Collection, name, without(getattr(collection.Collection, name), option))


def telling_duplicates(method):
    """Returns method, with the error that MongoDB gives for a duplicate."""
    def call(self, *args, **kwargs):
        try:
            return method(self, *args, **kwargs)
        except errors.OperationFailure as error:
            if 'UNIQUE constraint failed' not in str(error):
                raise
            raise errors.DuplicateKeyError(str(error), 11000) from None
    return call


for name in 'update_one', 'find_one_and_update':
    setattr(collection.Collection, name, telling_duplicates(getattr(collection.Collection, name)))
