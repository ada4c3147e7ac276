"""Lets Zaqar's MongoDB driver work on FerretDB, which lacks what follows. Loaded by a .pth file; Zaqar is not touched.

FerretDB has no indexes that expire: lib/collect_garbage.py deletes in their place. And find-and-modify does not take a
projection, which only makes answers smaller.
"""
from pymongo import collection


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
