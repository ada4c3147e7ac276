"""Lets Zaqar's MongoDB driver work on FerretDB, which lacks what follows. Loaded by a .pth file; Zaqar is not touched.

FerretDB has no indexes that expire: lib/collect_garbage.py deletes in their place. Its find-and-modify does not take a
projection, which only makes answers smaller. A change that a unique index refuses comes as an error without the code
that says so. There are no arrays in arrays: these are stored as documents with a single key. And it reads the whole
collection for each command, so what Zaqar asks a hundred times is asked until the answer is nothing.
"""
import threading

from pymongo import collection, cursor, errors


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


ARRAY = 'an array in an array'


def packed(value, inside=False):
    """Returns value as FerretDB can store it; inside an array or not."""
    if isinstance(value, dict):
        return {key: packed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [packed(item, inside=True) for item in value]
        return {ARRAY: items} if inside else items
    return value


def unpacked(value):
    """Returns value as it was before it was packed."""
    if isinstance(value, dict):
        return unpacked(value[ARRAY]) if list(value) == [ARRAY] else {key: unpacked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unpacked(item) for item in value]
    return value


def packing(method):
    """Returns method, which packs what it is given by place."""
    def call(self, *args, **kwargs):
        return method(self, *(packed(arg) for arg in args), **kwargs)
    return call


def unpacking(method):
    """Returns method, which unpacks what it returns."""
    def call(self, *args, **kwargs):
        return unpacked(method(self, *args, **kwargs))
    return call


for name in 'insert_one', 'insert_many', 'update_one':
    setattr(collection.Collection, name, packing(getattr(collection.Collection, name)))
for owner, name in (
        (cursor.Cursor, 'next'),
        (collection.Collection, 'find_one_and_update'),
        (collection.Collection, 'find_one_and_delete')):
    setattr(owner, name, unpacking(getattr(owner, name)))


class Stopping(threading.local):
    """Remembers the last query of a thread for which there was nothing to delete.

    Zaqar pops as many messages as it may, one by one, with one and the same query object.
    """
    vain = None

    def wrap(self, method):
        def call(collection, query, *args, **kwargs):
            if query is self.vain:
                return None
            found = method(collection, query, *args, **kwargs)
            if found is None:
                self.vain = query
            return found
        return call


collection.Collection.find_one_and_delete = Stopping().wrap(collection.Collection.find_one_and_delete)
