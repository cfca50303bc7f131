/** UTF-8 both ways, without `node:` imports. */

/** `ignoreBOM` keeps a leading U+FEFF, which the default would swallow. */
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
const ENCODER = new TextEncoder();

/** Up to this length a loop over ASCII is cheaper than a call of `TextDecoder`. */
const SHORT_BYTES = 32;

/** The text of `bytes[start, end)`; what is not valid UTF-8 reads as U+FFFD. */
export function textFromUtf8(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  if (start >= end) return "";
  if (end - start > SHORT_BYTES) return DECODER.decode(bytes.subarray(start, end));
  let text = "";
  for (let index = start; index < end; index++) {
    const byte = bytes[index] as number;
    if (byte > 0x7f) return DECODER.decode(bytes.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}

/** The UTF-8 bytes of a text; lone surrogates become U+FFFD. */
export function utf8FromText(text: string): Uint8Array {
  return ENCODER.encode(text);
}

/**
 * Writes the UTF-8 form of `text` into `bytes` at `start` and returns the position behind it. The caller makes
 * room: three bytes for each UTF-16 unit are always enough.
 */
export function writeUtf8(text: string, bytes: Uint8Array, start: number): number {
  const { length } = text;
  if (length <= SHORT_BYTES) {
    let index = 0;
    for (; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit > 0x7f) break;
      bytes[start + index] = unit;
    }
    if (index === length) return start + length;
  }
  return start + ENCODER.encodeInto(text, bytes.subarray(start)).written;
}
