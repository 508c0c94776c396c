"""Rows of masks as the bits of words."""

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8, UInt64

WORD = 64

_Numbers = Int[np.ndarray, " _set"]


def as_words(wires: Bool[np.ndarray, "*batch bits"]) -> UInt64[np.ndarray, "*batch words"]:
    """Pack masks along their last axis, 64 to a word, padded with zeros to whole words."""
    *batch, bits = wires.shape
    whole = np.zeros((*batch, whole_words(bits)), bool)
    whole[..., :bits] = wires
    return np.packbits(whole, axis=-1, bitorder="little").view(np.uint64)


def as_bits(words: UInt64[np.ndarray, "batch words"]) -> UInt8[np.ndarray, "batch bits"]:
    """Return each bit as 0 or 1, with those that pad the last word."""
    return np.unpackbits(words.view(np.uint8), axis=-1, bitorder="little")


def whole_words(bits: int) -> int:
    """Return a number of bits rounded up to whole words, at least one."""
    return max(1, -(-bits // WORD)) * WORD


def bits(numbers: Int[np.ndarray, " batch"], words: int) -> UInt64[np.ndarray, "batch words"]:
    """Return for each number the words in which only this bit is set."""
    found = np.zeros((len(numbers), words), np.uint64)
    found[np.arange(len(numbers)), numbers // WORD] = bit(numbers)
    return found


def bit(numbers: Int[np.ndarray, " batch"]) -> UInt64[np.ndarray, " batch"]:
    """Return the word that has the bit of each number."""
    return np.uint64(1) << (numbers % WORD).astype(np.uint64)


def ones(words: UInt64[np.ndarray, "batch words"]) -> Float[np.ndarray, " batch"]:
    """Count the bits that are set; a product, as NumPy adds up short rows slowly."""
    return np.bitwise_count(words).astype(np.float32) @ np.ones(words.shape[1], np.float32)


def places(words: UInt64[np.ndarray, "batch words"]) -> tuple[_Numbers, _Numbers]:
    """Return the row and the number of each bit that is set, row by row."""
    flat = np.flatnonzero(as_bits(words).view(bool))  # many times as fast as `np.nonzero`
    return np.divmod(flat, words.shape[1] * WORD)
