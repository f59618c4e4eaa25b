"""Values as JSON has them, and back."""

MUCH = 1 << 16  # Bytes of a text.
CONTROLS = bytes(range(9)) + b"\x0b\x0c" + bytes(range(14, 32)) + b"\x7f"
DEEPEST = 100  # Lists and mappings in one another: a list may be an item of itself.


class Answer(dict):
    """A mapping whose values are also attributes: root.stat("etc").mode"""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def text(value):
    """Returns an answer with names and contents as str, odd bytes as surrogates."""
    kind = type(value)
    if kind is bytes:
        return value.decode("utf-8", "surrogateescape")
    if kind is list:
        return [text(item) for item in value]
    if kind is dict:
        return Answer((key, text(item)) for key, item in value.items())
    return value


def raw(value):
    """Returns an answer as bytes."""
    return value if type(value) is bytes else value.encode("utf-8")


class NoData(Exception):
    """A value is none that the operations know; the message says why."""


def packed(value, depth=0):
    """Returns what JSON has for a value: bytes are text if they can be, else base64.

    So is much text that JSON would have in several times as many letters.
    """
    if isinstance(value, str):
        return value if value.isascii() else coded(value.encode("utf-8", "surrogateescape"))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return coded(bytes(value))
    if depth == DEEPEST:
        raise NoData("lists and mappings lie more than %d deep in one another" % DEEPEST)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not -(1 << 63) <= value < 1 << 63:
            raise NoData("%d is no number of 64 bits" % value)
        return int(value)
    if isinstance(value, float):
        if value - value != 0:
            raise NoData("%r is no number" % value)
        return float(value)
    if isinstance(value, (list, tuple)):
        return [packed(item, depth + 1) for item in value]
    if isinstance(value, dict):
        pairs = dict.items(value)
        return {key_of(key): packed(item, depth + 1) for key, item in pairs}
    if hasattr(value, "__fspath__"):
        return packed(value.__fspath__(), depth)
    raise NoData("a value of the type %s is no data" % type(value).__name__)


def key_of(key):
    """Returns the key of a mapping if JSON can have it."""
    if not isinstance(key, str):
        raise NoData("the key %r is no string" % (key,))
    try:
        key.encode("utf-8")
    except UnicodeEncodeError:
        raise NoData("the key %r is not UTF-8 text" % key) from None
    return key


def coded(value):
    """Returns text for bytes, or base64 for what is none."""
    # Each NUL would take six letters.
    if b"\0" not in value and (len(value) < MUCH or is_plain(value)):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            pass
    from binascii import b2a_base64

    return {"base64": b2a_base64(value, newline=False).decode("ascii")}


def is_plain(value):
    """Returns whether JSON has bytes in about as many letters."""
    return value.isascii() and len(value.translate(None, CONTROLS)) == len(value)


def unpacked(value):
    """Returns the bytes that an object of JSON stands for, or the object."""
    if len(value) == 1 and type(value.get("base64")) is str:
        from binascii import a2b_base64

        return a2b_base64(value["base64"])
    return value


def codec():
    """Returns functions that make and read JSON: the C parts of `json`, whose import is slow."""
    try:
        import _json

        class Settings:
            strict, parse_float, parse_int, parse_constant = True, float, int, float
            object_hook, object_pairs_hook = staticmethod(unpacked), None

        quote = _json.encode_basestring_ascii
        encode = _json.make_encoder(None, None, quote, None, ":", ",", False, False, False)
        scan = _json.make_scanner(Settings)
        pair = (lambda value: "".join(encode(value, 0)), lambda line: scan(line, 0)[0])
        sample = {"a": [1, None, "\u00fc"], "b": True}
        if pair[1](pair[0](sample)) == sample:
            return pair
    except Exception:  # They are private: another Python may not have them, or not like this.
        pass
    import json

    return json.dumps, lambda line: json.loads(line, object_hook=unpacked)


dumps, loads = codec()
