/**
 * How long the cases of this folder go on: short within `npm test`, long under `npm run torture`, which sets these
 * variables.
 */

const isLong = process.env["TORTURE_FORM"] === "long";

/** Numbers that random cases begin with; printed with every case, so that a failure can be repeated. */
export const SEED: number = Number(process.env["TORTURE_SEED"] ?? 1);

/** What the form at hand asks for. */
export function sizeOf<T>(sizes: { readonly short: T; readonly long: T }): T {
  return isLong ? sizes.long : sizes.short;
}

/** Rounds of a case that repeats itself; `npm run torture -- --rounds N` wins. */
export function roundsOf(rounds: { readonly short: number; readonly long: number }): number {
  const given = process.env["TORTURE_ROUNDS"];
  return given === undefined ? sizeOf(rounds) : Number(given);
}

/** How long a case that goes by the clock goes on; `npm run torture -- --minutes N` wins. */
export function secondsOf(seconds: { readonly short: number; readonly long: number }): number {
  const given = process.env["TORTURE_MINUTES"];
  return given === undefined ? sizeOf(seconds) : Number(given) * 60;
}

/** Ends a case that hangs: a time no run comes near, so many minutes for the long form. */
export function timeLimitMillis(longMinutes: number): number {
  return sizeOf({ short: 3, long: longMinutes }) * 60_000;
}
