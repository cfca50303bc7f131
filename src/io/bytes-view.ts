/** Bytes without the habits of Node's Buffer. */

/**
 * The same memory as a plain `Uint8Array`. A `Buffer` is one too, but its `slice` shares memory and its JSON form is an
 * object: what leaves the rooms that know Node must not depend on which of the two it got.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
