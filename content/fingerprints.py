"""Fingerprints: knowing a message again without keeping, or being able to tell, a word of it.

A fingerprint is a MinHash of the runs of three letters of a text's skeleton, without its links, numbers, accounts and
amounts. Every run goes through SipHash under a secret key first: without the key nobody can try out words against a
stolen database. See docs/decisions/0003-fingerprints.md for what was measured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from content import cleaning, identifiers
from content.identifiers import Kind
from content.recent import Recent, key_of

# Runs of three letters: a leet or mistaken letter spoils three of them, of runs of four it spoils four.
RUN = 3
BANDS = 24
ROWS = 4
HASHES = BANDS * ROWS
# Fewer letters than this are everyday words that many people write.
SHORTEST = 30
# So alike two fingerprints are of one message: half of their runs. Copies with other links, amounts and names lie above
# 0.6, different messages of the same trick below 0.4.
ALIKE = 0.5
Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a message is known again by: `signature`, 96 bytes as hexadecimal letters.

    Two copies of a message share at least one of the `bands` nearly always; `alike` then says whether they are copies.
    """

    signature: str

    @property
    def bands(self) -> tuple[int, ...]:
        """24 numbers under 2**37 to search by. Four bytes are enough: a million messages share one by chance at
        every two-hundredth search, and then they are compared."""
        raw = bytes.fromhex(self.signature)
        return tuple(band << 32 | int.from_bytes(raw[band * ROWS : (band + 1) * ROWS], "big") for band in range(BANDS))


def likeness(one: str, other: str) -> float:
    """How much of their letter runs two signatures share, 0..1 (the Jaccard index, within about 0.05)."""
    first, second = bytes.fromhex(one), bytes.fromhex(other)
    if len(first) != HASHES or len(second) != HASHES:
        return 0.0
    same = sum(map(int.__eq__, first, second)) / HASHES
    # One byte in 256 agrees by chance.
    return max(0.0, (same - 1 / 256) / (1 - 1 / 256))


def alike(one: str, other: str) -> bool:
    """Whether two signatures are of one message."""
    return likeness(one, other) >= ALIKE


@dataclass(frozen=True)
class Fingerprinter:
    """Makes fingerprints under one secret key of 32 bytes; those of different keys have nothing in common."""

    key: bytes
    _factors: Words = field(init=False, repr=False, compare=False)
    _terms: Words = field(init=False, repr=False, compare=False)
    _run_key: Words = field(init=False, repr=False, compare=False)
    _lately: Recent[Fingerprint | None] = field(
        default_factory=lambda: Recent(2_000), init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if len(self.key) < 32:
            raise ValueError("a fingerprint key has at least 32 bytes")
        stream = hashlib.shake_256(b"rutan fingerprints 1" + self.key).digest(16 * HASHES + 16)
        words = np.frombuffer(stream, dtype="<u8").astype(np.uint64)
        object.__setattr__(self, "_factors", (words[:HASHES] | np.uint64(1))[:, None])
        object.__setattr__(self, "_terms", words[HASHES : 2 * HASHES, None])
        object.__setattr__(self, "_run_key", words[2 * HASHES :])

    def __repr__(self) -> str:
        return "Fingerprinter(key=hidden)"

    def of(self, text: str) -> Fingerprint | None:
        """The fingerprint of a text; None for one too short to be known again. Never raises."""
        return self._lately.of(key_of(text), lambda: self._of(text))

    def words(self, text: str) -> str:
        """A hash of exactly these words, links and numbers, however they are spaced: 16 letters that say nothing without the key.
        Never raises."""
        read = "".join(cleaning.readable(text).split()).encode(errors="replace")
        return hashlib.blake2b(read, key=self.key[:64], person=b"rutan words", digest_size=8).hexdigest()

    def _of(self, text: str) -> Fingerprint | None:
        runs = runs_of(letters_of(text))
        return self.of_hashed(self.hashed(runs)) if len(runs) else None

    def hashed(self, runs: Words) -> Words:
        """Each run as a number that says nothing without the key."""
        return siphash(runs, int(self._run_key[0]), int(self._run_key[1]))

    def of_hashed(self, hashed: Words) -> Fingerprint:
        """The fingerprint of runs that have been hashed; there must be at least one."""
        return Fingerprint(self.least_bytes(hashed).tobytes().hex())

    def least_bytes(self, hashed: Words) -> npt.NDArray[np.uint8]:
        """A signature's 96 bytes: in 96 orders of the hashed runs, the first of each."""
        least = (hashed[None, :] * self._factors + self._terms).min(axis=1)
        # Its lowest byte: the high ones are nearly all nought.
        made: npt.NDArray[np.uint8] = (least & np.uint64(0xFF)).astype(np.uint8)
        return made


# What a copy changes most: who is named by a link, a number, an account.
_CHANGING = frozenset(Kind) - {Kind.AMOUNT, Kind.CODE, Kind.HOTLINE}


def letters_of(text: str) -> npt.NDArray[np.uint32]:
    """The skeleton's letters without identifiers, amounts and numbers; empty when there are too few of them."""
    form, named = identifiers.named_in(text)
    masks = [(each.start, each.end) for each in named if each.kind in _CHANGING]
    codes = cleaning.clean(form, masks).codes
    letters: npt.NDArray[np.uint32] = codes[(codes != ord(cleaning.NUMBER)) & (codes != ord(cleaning.MASK))]
    return letters if len(letters) >= SHORTEST else letters[:0]


def runs_of(letters: npt.NDArray[np.uint32]) -> Words:
    """The different runs of three letters, each as one number."""
    if len(letters) < RUN:
        return np.empty(0, dtype=np.uint64)
    wide = (letters & 0xFFFF).astype(np.uint64)
    return np.unique((wide[:-2] << np.uint64(32)) | (wide[1:-1] << np.uint64(16)) | wide[2:])


def siphash(words: Words, key0: int, key1: int) -> Words:
    """SipHash-2-4 (Aumasson and Bernstein, 2012) of each word of 8 bytes, under the key's two halves."""
    start = (0x736F6D6570736575 ^ key0, 0x646F72616E646F6D ^ key1, 0x6C7967656E657261 ^ key0, 0x7465646279746573 ^ key1)
    state = [np.full(len(words), value, dtype=np.uint64) for value in start]
    # The message, and the last block that holds nothing but its length.
    for block in (words, np.full(len(words), 8 << 56, dtype=np.uint64)):
        state[3] ^= block
        _rounds(state, 2)
        state[0] ^= block
    state[2] ^= np.uint64(0xFF)
    _rounds(state, 4)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _rounds(state: Sequence[Words], number: int) -> None:
    v0, v1, v2, v3 = state
    for _ in range(number):
        v0 += v1
        _turn(v1, 13)
        v1 ^= v0
        _turn(v0, 32)
        v2 += v3
        _turn(v3, 16)
        v3 ^= v2
        v0 += v3
        _turn(v3, 21)
        v3 ^= v0
        v2 += v1
        _turn(v1, 17)
        v1 ^= v2
        _turn(v2, 32)


def _turn(words: Words, bits: int) -> None:
    """Turn the bits of each word to the left, in place."""
    low = words >> np.uint64(64 - bits)
    words <<= np.uint64(bits)
    words |= low
