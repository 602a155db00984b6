"""Reading what people declare in YAML: strict keys, exact numbers, and one clear sentence when it is wrong.

YAML's surprises end here: `NO` is text and not false, `0.10` is text and not a float, a key given
twice is an error. What does not belong here: the meaning of any file (contracts, mapping, master_data).
"""

import difflib
import re
import types
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
import yaml

_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<place>.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`")
_EXPECTED = re.compile(r"Expected `(.*)`, got `(.*)`")
_KINDS = {
    "int": "a whole number", "str": "text", "decimal": "a number", "object": "a block of keys", "array": "a list",
    "bool": "true or false", "date": "a date (2026-01-31)", "null": "nothing", "float": "a number",
}  # fmt: skip

# What a warehouse keeps of a number: more would be cut off without a word.
_WHOLE_DIGITS, _PLACES, _LARGEST = 10, 8, 2_147_483_647

Model = TypeVar("Model")


class DeclaredError(Exception):
    """A declared file cannot be used; the message is one sentence naming file, place and remedy."""


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """Base of everything that is declared in a file."""


class _Loader(yaml.SafeLoader):
    """YAML with text, whole numbers, true, false and null only: every other scalar stays as it was typed."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own registry, filled below

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise DeclaredError(f"line {node.start_mark.line + 1}: {key} is given twice; keep one of them.")
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))


def load_yaml(path: str, data: bytes) -> dict[str, Any]:
    """The file as a mapping. Raises DeclaredError when it is no YAML, or no mapping."""
    try:
        value = yaml.load(data.decode("utf-8-sig"), Loader=_Loader)  # noqa: S506 - a SafeLoader with fewer types
    except DeclaredError as error:
        raise DeclaredError(f"{path}: {error}") from None
    except UnicodeDecodeError:
        raise DeclaredError(f"{path}: is not UTF-8 text; save it as UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark is not None else ""
        what = getattr(error, "problem", None) or "cannot be read"
        raise DeclaredError(f"{path}: {line}this is not YAML ({what}); mend that line.") from None
    if not isinstance(value, dict):
        raise DeclaredError(f"{path}: is empty or not a block of `key: value` lines; write one.")
    return value


def convert(path: str, value: Mapping[str, Any], model: type[Model]) -> Model:
    """A loaded file as its model. Raises DeclaredError naming the key, and the nearest known one when it is unknown."""
    check_keys(path, value, model)
    try:
        return msgspec.convert(value, model, strict=True)
    except msgspec.ValidationError as error:
        raise DeclaredError(f"{path}: {_sentence(str(error))}") from None


def read_declared(path: str, data: bytes, model: type[Model]) -> Model:
    """Load and convert in one go."""
    return convert(path, load_yaml(path, data), model)


def check_keys(path: str, value: Any, model: Any, place: str = "") -> None:
    """Refuse the first key, at any depth, that the model does not have, the first word and number it cannot take."""
    struct, item = _shape(model)
    words = _words(model)
    if isinstance(value, str) and words and value not in words:
        raise DeclaredError(f"{path}: {place.rstrip('.')} is {value!r}; use {', '.join(words)}.")
    if problem := _number_problem(value, model):
        raise DeclaredError(f"{path}: {place.rstrip('.')} is {str(value)!r}{problem}.")
    if isinstance(value, Mapping) and struct is not None:
        hints = _keys_of(struct)
        for key, inner in value.items():
            if key not in hints:
                raise DeclaredError(f"{path}: {place}{key} is not known; {did_you_mean(str(key), hints)}")
            check_keys(path, inner, hints[key], f"{place}{key}.")
    elif isinstance(value, Mapping) and item is not None:
        for key, inner in value.items():
            check_keys(path, inner, item, f"{place}{key}.")
    elif isinstance(value, list) and item is not None:
        for number, inner in enumerate(value, start=1):
            check_keys(path, inner, item, f"{place}{number}.")


def _number_problem(value: Any, model: Any) -> str | None:
    """Why a value is no number of the size that can be kept; None where it is, or where no number is asked for."""
    kinds = get_args(model) if get_origin(model) in (Union, types.UnionType) else (model,)
    if isinstance(value, int) and int in kinds and not abs(value) <= _LARGEST:
        return f"; use at most {_LARGEST}"
    if Decimal not in kinds or not isinstance(value, str | int) or isinstance(value, bool):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        return ", which is no number; write it as 0.05"
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    if len(digits) + exponent > _WHOLE_DIGITS or exponent < -_PLACES:
        return f"; use at most {_WHOLE_DIGITS} digits before the point and {_PLACES} after it"
    return None


def _keys_of(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """The types of a struct's keys, as they are written: `from` is no name in Python."""
    hints = get_type_hints(struct)
    return {
        key: hints[name] for key, name in zip(struct.__struct_encode_fields__, struct.__struct_fields__, strict=True)
    }


def _shape(model: Any) -> tuple[Any, Any]:
    """The struct that a type allows, or the type of a container's items."""
    if isinstance(model, type) and issubclass(model, msgspec.Struct):
        return model, None
    origin = get_origin(model)
    if origin in (Union, types.UnionType):
        shapes = [_shape(option) for option in get_args(model)]
        struct = next((struct for struct, _ in shapes if struct is not None), None)
        return struct, next((item for _, item in shapes if item is not None), None)
    if origin in (dict, list, tuple):
        return None, get_args(model)[1 if origin is dict else 0]
    return None, None


def _words(model: Any) -> tuple[str, ...]:
    """The words that a type allows, where it allows only those."""
    if get_origin(model) is Literal:
        return get_args(model)
    if get_origin(model) in (Union, types.UnionType):
        options = [option for option in get_args(model) if option is not type(None)]
        return _words(options[0]) if len(options) == 1 else ()
    return ()


def did_you_mean(key: str, known: Mapping[str, Any]) -> str:
    """What a person may have meant by a key: the nearest known one, else all of them."""
    near = difflib.get_close_matches(key, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(sorted(known))}."


def _sentence(error: str) -> str:
    """msgspec's message in the words of a file."""
    match = _AT.match(error)
    assert match is not None
    what = match["what"]
    place = re.sub(r"\[(\d+)\]", lambda found: f".{int(found[1]) + 1}", match["place"] or "$")
    place = place.removeprefix("$").lstrip(".").replace("[...]", "")
    if missing := _MISSING.match(what):
        return f"{f'{place}.' if place else ''}{missing[1]} is missing; add it."
    if (expected := _EXPECTED.match(what)) and expected[2] == "null":
        return f"{place} is blank; fill it."
    if expected:
        wanted = " or ".join(_KINDS.get(kind.strip(), kind.strip()) for kind in expected[1].split("|"))
        return f"{place} is {_KINDS.get(expected[2], expected[2])}, but {wanted} is expected; change it."
    what = what.replace("Invalid RFC3339 encoded date", "not a date (2026-01-31)").replace("decimal string", "number")
    return f"{place}: {what[:1].lower()}{what[1:]}; change it."
