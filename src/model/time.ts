/** Nanosecond times: exact inside, readable at the edges. */

const NANOS_PER_MILLI = 1_000_000n;
const NANOS_PER_SECOND = 1_000_000_000n;
/** Last millisecond `Date` can print (ECMA-262, 21.4.1.1); unsigned 64-bit nanoseconds end in 2554, well before. */
const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

/**
 * ISO 8601 in UTC with nine fractional digits.
 *
 * @example
 * isoFromUnixNano(1_700_000_000_123_456_789n); // "2023-11-14T22:13:20.123456789Z"
 */
export function isoFromUnixNano(timeUnixNano: bigint): string {
  const seconds = timeUnixNano / NANOS_PER_SECOND;
  const nanos = timeUnixNano % NANOS_PER_SECOND;
  const whole = new Date(Number(seconds) * 1_000).toISOString().slice(0, 19);
  return `${whole}.${nanos.toString().padStart(9, "0")}Z`;
}

/**
 * Nanoseconds of an ISO 8601 time with zone and up to nine fractional digits; undefined when the text is none,
 * or lies before 1970 or after 2554.
 */
export function unixNanoFromIso(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/i.exec(text);
  if (match === null) return undefined;
  const millis = Date.parse(`${match[1]}${match[3]?.toUpperCase()}`);
  if (Number.isNaN(millis) || millis < 0) return undefined;
  const nanos = BigInt(millis) * NANOS_PER_MILLI + BigInt((match[2] ?? "0").padEnd(9, "0"));
  return nanos > MAX_UINT64 ? undefined : nanos;
}

/** end - start in milliseconds, with the fraction; 0 when the end lies before the start. */
export function durationMsBetween(startTimeUnixNano: bigint, endTimeUnixNano: bigint): number {
  return endTimeUnixNano <= startTimeUnixNano ? 0 : Number(endTimeUnixNano - startTimeUnixNano) / 1e6;
}
