"""The code that plans show, as functions."""


def compiled(source):
    namespace = {}
    exec(source, namespace)
    return namespace["contract"]
