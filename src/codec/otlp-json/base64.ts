/** Base64 without `Buffer` (RFC 4648), for environments that know no `Uint8Array.prototype.toBase64`. */

/** Bytes given to `String.fromCharCode` at once; engines limit the number of arguments. */
const CHUNK_BYTES = 8_192;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Standard alphabet with padding. */
export function base64FromBytes(bytes: Uint8Array): string {
  let binary = "";
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES));
  }
  return btoa(binary);
}

/** Bytes of base64 in the standard or the URL-safe alphabet, padded or not; undefined when it is neither. */
export function bytesFromBase64(text: string): Uint8Array | undefined {
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  const unpadded = standard.replace(/=+$/, "");
  const isPadded = unpadded.length !== standard.length;
  if (!BASE64.test(standard) || unpadded.length % 4 === 1) return undefined;
  if (isPadded && standard.length % 4 !== 0) return undefined;
  const binary = atob(unpadded);
  return Uint8Array.from(binary, (unit) => unit.charCodeAt(0));
}
