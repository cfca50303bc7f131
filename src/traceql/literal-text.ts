/** How numbers, durations and texts are written. */

import { textFromUtf8, utf8FromText } from "../base/utf8.ts";

/** Nanoseconds of each unit of a duration. */
const UNIT_NANOS: ReadonlyMap<string, bigint> = new Map([
  ["y", 365n * 86_400_000_000_000n],
  ["w", 7n * 86_400_000_000_000n],
  ["d", 86_400_000_000_000n],
  ["h", 3_600_000_000_000n],
  ["m", 60_000_000_000n],
  ["s", 1_000_000_000n],
  ["ms", 1_000_000n],
  ["us", 1_000n],
  ["µs", 1_000n],
  ["μs", 1_000n],
  ["ns", 1n],
]);

/** Digits before or after the point; more are never needed and cost time. */
const MAX_DIGITS = 40;

const WHOLE_UNITS = /^(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?$/;
const CALENDAR_UNIT = /[ywd]/;

/** One number and its unit in nanoseconds, rounded down; undefined when it has too many digits. */
function partNanos(whole: string, fraction: string, unit: string): bigint | undefined {
  if (whole.length > MAX_DIGITS || fraction.length > MAX_DIGITS) return undefined;
  const unitNanos = UNIT_NANOS.get(unit) as bigint;
  const nanos = BigInt(whole) * unitNanos;
  return fraction === "" ? nanos : nanos + (BigInt(fraction) * unitNanos) / 10n ** BigInt(fraction.length);
}

/**
 * Nanoseconds of a duration such as `1d`, `1h30m` or `1.5s`; undefined when the text is none. Years (365 days), weeks
 * and days are whole and stand in falling order.
 */
export function durationNanos(text: string): bigint | undefined {
  if (CALENDAR_UNIT.test(text) && !WHOLE_UNITS.test(text)) return undefined;
  const part = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|[smhdwy])/y;
  let nanos = 0n;
  while (part.lastIndex < text.length) {
    const found = part.exec(text);
    if (found === null) return undefined;
    const whole = found[1] as string;
    const fraction = found[2] ?? "";
    if (whole === "" && fraction === "") return undefined;
    const more = partNanos(whole === "" ? "0" : whole, fraction, found[3] as string);
    if (more === undefined) return undefined;
    nanos += more;
  }
  return nanos;
}

const SINGLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["a", "\u0007"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ["\\", "\\"],
  ['"', '"'],
]);

/** One escape of a text: what it stands for and where the text goes on; undefined when it is none. */
interface Escape {
  /** A character, or one byte of UTF-8. */
  readonly value: string | number;
  readonly end: number;
}

const BYTE_ESCAPE = /x([0-9a-fA-F]{2})|([0-3][0-7]{2})/y;
const CHARACTER_ESCAPE = /u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})/y;

function readEscape(text: string, at: number): Escape | undefined {
  const single = SINGLE_ESCAPES.get(text.charAt(at));
  if (single !== undefined) return { value: single, end: at + 1 };
  BYTE_ESCAPE.lastIndex = at;
  const byte = BYTE_ESCAPE.exec(text);
  if (byte !== null) {
    const value =
      byte[1] === undefined ? Number.parseInt(byte[2] as string, 8) : Number.parseInt(byte[1], 16);
    return { value, end: BYTE_ESCAPE.lastIndex };
  }
  CHARACTER_ESCAPE.lastIndex = at;
  const character = CHARACTER_ESCAPE.exec(text);
  if (character === null) return undefined;
  const code = Number.parseInt((character[1] ?? character[2]) as string, 16);
  if (code > 0x10ffff) return undefined;
  return { value: String.fromCodePoint(code), end: CHARACTER_ESCAPE.lastIndex };
}

/**
 * What a text between quotes stands for, with the escapes of Go. Escapes of bytes are UTF-8 together. A number is the
 * offset of a backslash that begins no escape.
 */
export function unescapeText(quoted: string): string | number {
  let value = "";
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length > 0) value += textFromUtf8(Uint8Array.from(bytes));
    bytes = [];
  };
  let at = 0;
  while (at < quoted.length) {
    const backslash = quoted.indexOf("\\", at);
    if (backslash !== at) {
      flush();
      value += quoted.slice(at, backslash < 0 ? quoted.length : backslash);
      if (backslash < 0) break;
    }
    const found = readEscape(quoted, backslash + 1);
    if (found === undefined) return backslash;
    if (typeof found.value === "number") bytes.push(found.value);
    else {
      flush();
      value += found.value;
    }
    at = found.end;
  }
  flush();
  return value;
}

/** Whether a text has at most `limit` bytes of UTF-8. */
export function fitsUtf8(text: string, limit: number): boolean {
  if (text.length * 3 <= limit) return true;
  return text.length <= limit && utf8FromText(text).length <= limit;
}
