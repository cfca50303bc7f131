/** Times and lengths of time as people write them in a query, read exactly. */

import { TracAggError } from "../base/errors.ts";
import { unixNanoFromIso } from "../model/time.ts";

const MAX_UNIX_NANO = 0xffff_ffff_ffff_ffffn;
const NANOS_PER_MILLI = 1_000_000n;

/** Units of relative times, in nanoseconds. */
const NANOS_BY_UNIT: Readonly<Record<string, bigint>> = Object.freeze({
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
});

/** What {@link unixNanoFromText} reads, in words. */
export const MOMENT_FORMS =
  "an RFC 3339 time (2026-01-31T12:00:00Z), an epoch time in s, ms, us or ns, now, or a time back from now such as -1h (units s m h d)";

/**
 * Nanoseconds since the Unix epoch of a time as text: RFC 3339 (up to nine fractional digits), an epoch number whose
 * unit follows from its size (below 10^11 seconds, below 10^14 milliseconds, below 10^17 microseconds, else
 * nanoseconds; a fraction is allowed), `now`, `-1h` or `now-1h`.
 *
 * @param field - name of the parameter, for the message.
 * @param nowUnixMillis - what `now` means.
 * @throws TracAggError `invalid_argument` when the text is none of these, or lies before 1970 or after 2554.
 *
 * @example
 * unixNanoFromText("-1h", "start", Date.now());
 */
export function unixNanoFromText(text: string, field: string, nowUnixMillis: number): bigint {
  const nanos = fromNow(text, nowUnixMillis) ?? fromEpoch(text) ?? fromRfc3339(text);
  if (nanos === undefined || nanos < 0n || nanos > MAX_UNIX_NANO) {
    throw new TracAggError("invalid_argument", `${field}: expected ${MOMENT_FORMS}, got "${text}"`, {
      field,
    });
  }
  return nanos;
}

/**
 * Nanoseconds of a length of time given in milliseconds, exact to the nanosecond.
 *
 * @throws TracAggError `invalid_argument` when the text is no decimal number from 0, or is finer than a nanosecond.
 *
 * @example
 * nanosFromMillisText("1.5", "minDurationMs"); // 1_500_000n
 */
export function nanosFromMillisText(text: string, field: string): bigint {
  const nanos = scaledDecimal(text, 6);
  if (nanos === undefined || nanos > MAX_UNIX_NANO) {
    const expected = "a number of milliseconds from 0, at most six digits after the point (12.5)";
    throw new TracAggError("invalid_argument", `${field}: expected ${expected}, got "${text}"`, { field });
  }
  return nanos;
}

function fromNow(text: string, nowUnixMillis: number): bigint | undefined {
  const now = BigInt(Math.trunc(nowUnixMillis)) * NANOS_PER_MILLI;
  if (text === "now") return now;
  const match = /^(?:now)?-(\d{1,9})([smhd])$/.exec(text);
  if (match === null) return undefined;
  const moment = now - BigInt(match[1] as string) * (NANOS_BY_UNIT[match[2] as string] as bigint);
  return moment < 0n ? 0n : moment;
}

function fromEpoch(text: string): bigint | undefined {
  const whole = /^\d{1,20}/.exec(text)?.[0];
  if (whole === undefined) return undefined;
  const size = BigInt(whole);
  if (size < 10n ** 11n) return scaledDecimal(text, 9);
  if (size < 10n ** 14n) return scaledDecimal(text, 6);
  if (size < 10n ** 17n) return scaledDecimal(text, 3);
  return scaledDecimal(text, 0);
}

/** In a query string a bare `+` reads as a space, so a zone such as ` 02:00` is meant as `+02:00`. */
function fromRfc3339(text: string): bigint | undefined {
  return unixNanoFromIso(text.replace(/ (?=\d\d:\d\d$)/, "+"));
}

/** `text` times 10^exponent, where that is a whole number; undefined otherwise. */
function scaledDecimal(text: string, exponent: number): bigint | undefined {
  const match = /^(\d{1,20})(?:\.(\d{1,20}))?$/.exec(text);
  if (match === null) return undefined;
  const fraction = (match[2] ?? "").replace(/0+$/, "");
  if (fraction.length > exponent) return undefined;
  return BigInt((match[1] as string) + fraction.padEnd(exponent, "0"));
}
