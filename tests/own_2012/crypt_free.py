# Shared by modules; it is none itself.
def locked():
    return '!'
