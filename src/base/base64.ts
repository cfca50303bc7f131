/** Base64 (RFC 4648) without `node:` imports. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Standard alphabet, padded. */
export function base64FromBytes(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < bytes.length; index += 3) {
    const left = bytes.length - index;
    const group = ((bytes[index] as number) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
    text += ALPHABET[group >>> 18] as string;
    text += ALPHABET[(group >>> 12) & 63] as string;
    text += left > 1 ? (ALPHABET[(group >>> 6) & 63] as string) : "=";
    text += left > 2 ? (ALPHABET[group & 63] as string) : "=";
  }
  return text;
}

function sextetOf(code: number): number {
  if (code >= 65 && code <= 90) return code - 65;
  if (code >= 97 && code <= 122) return code - 71;
  if (code >= 48 && code <= 57) return code + 4;
  if (code === 43 || code === 45) return 62;
  return code === 47 || code === 95 ? 63 : -1;
}

/** Bytes of base64 text, standard or URL-safe alphabet, padded or not; undefined when the text is none. */
export function bytesFromBase64(text: string): Uint8Array | undefined {
  const end = text.endsWith("==") ? text.length - 2 : text.endsWith("=") ? text.length - 1 : text.length;
  if (end % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((end * 3) / 4));
  let bits = 0;
  let bitCount = 0;
  let length = 0;
  for (let index = 0; index < end; index++) {
    const sextet = sextetOf(text.charCodeAt(index));
    if (sextet < 0) return undefined;
    bits = (bits << 6) | sextet;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes[length++] = (bits >>> bitCount) & 0xff;
      bits &= (1 << bitCount) - 1;
    }
  }
  return bytes;
}
