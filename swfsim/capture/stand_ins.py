"""Stand-ins for values: the same value has the same stand-in everywhere, in the same form.

What is recognised as a name, an address, an e-mail and their like gets one from Faker. All other
text is changed word by word: a letter becomes a letter of its kind, a digit a digit, by a
permutation that a secret key chooses (a Feistel network, walked until it stays within words of the
same form), so that two words never share a stand-in, and ids put together from parts stay so.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import hmac
import math
import re
import string
import unicodedata
from typing import TYPE_CHECKING, Final

from faker import Faker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_UUID: Final = re.compile("-".join(f"[0-9a-f]{{{n}}}" for n in (8, 4, 4, 4, 12)))
_PIECE: Final = re.compile(
    rf"(?P<email>{_EMAIL.pattern})"
    rf"|(?P<uuid>{_UUID.pattern})"
    r"|(?P<date>\b(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))"
    r"(?P<time>T\d\d:[\d:.,]+(?:Z|[+-]\d\d:?\d\d)?)?"
    r"|(?P<number>\d(?:[ ./()-]{0,2}\d){6,})"
    r"|(?P<word>[^\W_]+)"
)
"""What a text is made of: documents, telephones and cards are numbers of seven digits or more."""

_ROUNDS: Final = 8
_LETTERS_MIN, _DIGITS_MIN = 3, 3
"""Shorter words are kept: they are attempts, months, units; and they tell nobody apart. Not so in
other scripts, where a name may be two letters, and marks divide what is one word."""

_ATOM_MIN: Final = 4
_DAYS: Final = 300
"""Dates are moved, all by the same number of days, at most so many."""

_TRIES: Final = 1_000

KINDS: Final[dict[str, Callable[[Faker], str]]] = {
    "email": lambda fake: str(fake.safe_email()),
    "name": lambda fake: str(fake.name()),
    "company": lambda fake: str(fake.company()),
    "street": lambda fake: str(fake.street_address()),
    "city": lambda fake: str(fake.city()),
}

_BY_NAME: Final = {
    "email": ("email", "mail"),
    "name": ("name", "full_name", "customer_name", "first_name", "last_name", "nome", "contact"),
    "company": ("company", "company_name", "empresa"),
    "street": ("street", "address", "street_address", "endereco", "rua", "logradouro"),
    "city": ("city", "town", "cidade"),
}
_KIND_OF: Final = {name: kind for kind, names in _BY_NAME.items() for name in names}


def kind_of(member: str, value: str) -> str | None:
    """Which kind of stand-in Faker gives: by the form of the value, or the member's name."""
    if _EMAIL.fullmatch(value):
        return "email"
    found = _KIND_OF.get(member.lower().replace("-", "_"))
    return None if found == "email" else found


class StandIns:
    """Values and their stand-ins under one key. ``vocabulary`` are words that stay as they are."""

    def __init__(self, key: bytes, vocabulary: Iterable[str] = (), locale: str = "en_US") -> None:
        self._key = key
        self._vocabulary = frozenset(vocabulary)
        self._locale = locale
        self._fake = Faker(locale)
        self._given: dict[tuple[str, str], str] = {}
        self._taken: set[str] = set()
        self._atoms: dict[str, str] = {}
        self._atom: re.Pattern[str] | None = None
        self._days = 1 + self._number("days", _DAYS - 1)

    def keeping(self, words: Iterable[str]) -> StandIns:
        """The same stand-ins, but that these words and values stay as well."""
        return StandIns(self._key, self._vocabulary.union(words), self._locale)

    def keeps(self, value: str) -> bool:
        """Whether this word or value stays as it is."""
        return value in self._vocabulary

    def _number(self, text: str, below: int) -> int:
        digest = hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return int.from_bytes(digest, "big") % below

    # Whole values

    def known(self, kind: str, value: str) -> str:
        """A name, an address or an e-mail, of the same kind."""
        if self.keeps(value):
            return value
        found = self._given.get((kind, value))
        if found is None:
            found = self._given[kind, value] = self._fresh(kind, value)
        return found

    def _fresh(self, kind: str, value: str) -> str:
        for attempt in range(_TRIES):
            self._fake.seed_instance(self._number(f"{kind} {attempt} {value}", 2**63))
            made = KINDS[kind](self._fake)
            if made not in self._taken and made != value:
                break
        self._taken.add(made)
        return made

    # Text

    def learn(self, kind: str, value: str) -> None:
        """Wherever this name or address stands within a text, it gets the same stand-in."""
        long = len(value) >= _ATOM_MIN or value.istitle()  # Ana, Li; but no "ok" and no "USD"
        if long and value not in self._atoms:
            self._atoms[value] = kind
            self._atom = None

    def text(self, value: str, *, faker: bool = True) -> str:
        """Piece by piece; what is between them stays. Without Faker, no longer than before."""
        if self.keeps(value):
            return value
        if not faker:
            return self._pieces(value, False)
        return self._around_learnt(value, lambda piece: self._pieces(piece, True))

    def member_name(self, value: str) -> str:
        """A name of JSON's, in which only what tells of somebody has its stand-in: a name that was
        learnt, an e-mail, a number. Where a map has customers for keys, they are values too."""
        return self._around_learnt(value, lambda piece: _PIECE.sub(self._telling, piece))

    def _telling(self, found: re.Match[str]) -> str:
        if found.lastgroup == "word" and not found.group().isdigit():
            return found.group()
        return self._piece(found, True)

    def learnt_only(self, value: str) -> str:
        """A text in which only names and addresses that were learnt have their stand-ins."""
        return self._around_learnt(value, lambda piece: piece)

    def _around_learnt(self, value: str, rest: Callable[[str], str]) -> str:
        if not self._atoms:
            return rest(value)
        made, end = [], 0
        for found in self._learnt().finditer(value):
            made.append(rest(value[end : found.start()]))
            made.append(self.known(self._atoms[found.group()], found.group()))
            end = found.end()
        return "".join([*made, rest(value[end:])])

    def _learnt(self) -> re.Pattern[str]:
        if self._atom is None:
            longest = sorted(self._atoms, key=len, reverse=True)
            self._atom = re.compile(r"\b(?:" + "|".join(map(re.escape, longest)) + r")\b")
        return self._atom

    def pieces(self, value: str) -> list[str]:
        """What of a text is changed piece by piece: its words, numbers, dates, addresses."""
        return [found.group() for found in _PIECE.finditer(value)]

    def _pieces(self, value: str, faker: bool) -> str:
        return _PIECE.sub(lambda found: self._piece(found, faker), value)

    def _piece(self, found: re.Match[str], faker: bool) -> str:
        kind, piece = found.lastgroup, found.group()
        if self.keeps(piece):
            return piece
        if kind == "email":
            return self.known("email", piece) if faker else self._permuted(piece)
        if kind in ("date", "time"):
            return self._date(found["date"]) + (found["time"] or "")
        if kind == "uuid":
            return self._permuted(piece, "0123456789abcdef")
        if kind == "number":
            return self._permuted(piece, string.digits)
        return self.word(piece)

    def _date(self, value: str) -> str:
        try:
            moved = datetime.date.fromisoformat(value) - datetime.timedelta(days=self._days)
        except ValueError:
            return value
        return moved.isoformat()

    def word(self, value: str) -> str:
        """A word in the same form; the vocabulary and what is too short stay."""
        least = _DIGITS_MIN if value.isdigit() else _LETTERS_MIN
        if (value.isascii() and len(value) < least) or self.keeps(value):
            return value
        return self._permuted(value)

    def digits(self, value: str) -> str:
        """A number as a text, with other digits in the same places."""
        return self._permuted(value, string.digits)

    def _permuted(self, value: str, alphabet: str = "") -> str:
        """Another text of the same form; with an alphabet only what belongs to it is changed."""
        alphabets = tuple(_alphabet(c) if c.isalnum() else c for c in value)
        if alphabet == string.digits:
            alphabets = tuple(_alphabet(c) if c.isdecimal() else c for c in value)
        elif alphabet:
            alphabets = tuple(alphabet if c in alphabet else c for c in value)
        size = math.prod(len(one) for one in alphabets)
        if size < 2:
            return value
        label = f"{len(value)} {alphabets}"
        number = _to_number(value, alphabets)
        half = max(1, ((size - 1).bit_length() + 1) // 2)
        while True:  # cycle walking: outside of the texts of this form, once more
            number = self._feistel(number, half, label)
            if number < size:
                return _to_word(number, alphabets)

    def _feistel(self, number: int, half: int, label: str) -> int:
        mask = (1 << half) - 1
        left, right = number >> half, number & mask
        for turn in range(_ROUNDS):
            left, right = right, left ^ self._number(f"{turn} {label} {right}", mask + 1)
        return left << half | right


@functools.cache
def _alphabet(one: str) -> str:
    """The characters of the same kind."""
    for plain in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
        if one in plain:
            return plain
    kind, block = unicodedata.category(one), ord(one) & ~127
    return "".join(
        c for c in map(chr, range(block, block + 128)) if unicodedata.category(c) == kind
    )


def _to_number(value: str, alphabets: tuple[str, ...]) -> int:
    number = 0
    for one, alphabet in zip(value, alphabets, strict=True):
        number = number * len(alphabet) + alphabet.index(one)
    return number


def _to_word(number: int, alphabets: tuple[str, ...]) -> str:
    made = []
    for alphabet in reversed(alphabets):
        number, place = divmod(number, len(alphabet))
        made.append(alphabet[place])
    return "".join(reversed(made))
