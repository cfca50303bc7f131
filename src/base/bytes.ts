/** Byte and hex helpers without `node:` imports. */

const HEX_PAIRS: readonly string[] = Array.from({ length: 256 }, (_, value) =>
  value.toString(16).padStart(2, "0"),
);

const IS_LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
/** Where the low word of a 64-bit number of a typed array lies on this machine: 0 or 1. */
export const LOW_WORD: number = IS_LITTLE_ENDIAN ? 0 : 1;
/** Where the high word lies. */
export const HIGH_WORD: number = 1 - LOW_WORD;

/** Lower-case hex of `bytes[start, end)`. */
export function hexFromBytes(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = "";
  for (let index = start; index < end; index++) text += HEX_PAIRS[bytes[index] as number];
  return text;
}

/** Bytes as 32-bit words in the byte order of the machine; a view where the alignment allows it, a copy otherwise. */
export function wordsOfBytes(bytes: Uint8Array): Uint32Array {
  if (bytes.byteOffset % 4 === 0) return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  return new Uint32Array(Uint8Array.from(bytes).buffer);
}

/** Lower-case hex of the bytes under `words[at, at + count)`, as they lie in memory. */
export function hexOfWords(words: Uint32Array, at: number, count: number): string {
  return hexFromBytes(new Uint8Array(words.buffer, words.byteOffset + at * 4, count * 4));
}

/** Bytes of a hex string in either case; undefined when the text is not an even number of hex digits. */
export function bytesFromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index++) {
    const high = hexDigit(text.charCodeAt(index * 2));
    const low = hexDigit(text.charCodeAt(index * 2 + 1));
    if ((high | low) < 0) return undefined;
    bytes[index] = (high << 4) | low;
  }
  return bytes;
}

/** The value of a hex digit's UTF-16 unit; -1 when it is none. */
function hexDigit(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** True when every byte of `bytes[start, end)` is zero (also for an empty range). */
export function isAllZero(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
  for (let index = start; index < end; index++) if (bytes[index] !== 0) return false;
  return true;
}

/** Four bytes as a number, the most significant first. */
export function bigEndian32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

/** A column of 64-bit numbers as pairs of words; {@link LOW_WORD} and {@link HIGH_WORD} say which is which. */
export function wordPairsOf(column: BigUint64Array): Uint32Array {
  return new Uint32Array(column.buffer, column.byteOffset, column.length * 2);
}
