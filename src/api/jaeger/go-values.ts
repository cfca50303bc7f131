/** Values as Go reads them from text, with what it says of texts it cannot read: clients show those messages. */

import { TracAggError } from "../../base/errors.ts";

const MAX_INT64 = 2n ** 63n - 1n;

/** What Go's parsers say. */
class GoSyntaxError extends Error {}

/** A whole number of 64 bits. */
function goInteger(text: string): bigint {
  if (!/^[+-]?\d+$/.test(text)) throw new GoSyntaxError(`strconv.ParseInt: ${inGo(text)}: invalid syntax`);
  const value = BigInt(text.replace("+", ""));
  if (value <= MAX_INT64 && value >= -MAX_INT64 - 1n) return value;
  throw new GoSyntaxError(`strconv.ParseInt: ${inGo(text)}: value out of range`);
}

const TRUE_WORDS: ReadonlySet<string> = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE_WORDS: ReadonlySet<string> = new Set(["0", "f", "F", "FALSE", "false", "False"]);

function goTruth(text: string): boolean {
  if (TRUE_WORDS.has(text)) return true;
  if (FALSE_WORDS.has(text)) return false;
  throw new GoSyntaxError(`strconv.ParseBool: ${inGo(text)}: invalid syntax`);
}

function goFloat(text: string): number {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return Number(text);
  throw new GoSyntaxError(`strconv.ParseFloat: ${inGo(text)}: invalid syntax`);
}

const NANOS_OF: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["µs", 1_000n],
  ["μs", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);

/** A length of time such as `1h30m` or `-1.5s`, in nanoseconds. */
function goDuration(text: string): bigint {
  let rest = text.replace(/^[+-]/, "");
  if (rest === "0") return 0n;
  if (rest === "") throw new GoSyntaxError(`time: invalid duration ${JSON.stringify(text)}`);
  let nanos = 0n;
  while (rest !== "") {
    const [all, whole = "", fraction = "", unit = ""] = DURATION_PART.exec(rest) ?? ([""] as const);
    nanos += partNanos({ whole, fraction, unit }, JSON.stringify(text));
    rest = rest.slice(all.length);
  }
  return text.startsWith("-") ? -nanos : nanos;
}

const DURATION_PART = /^(\d*)(?:\.(\d*))?([^\d.]*)/;

interface DurationPart {
  readonly whole: string;
  readonly fraction: string;
  readonly unit: string;
}

function partNanos({ whole, fraction, unit }: DurationPart, quoted: string): bigint {
  if (whole === "" && fraction === "") throw new GoSyntaxError(`time: invalid duration ${quoted}`);
  if (unit === "") throw new GoSyntaxError(`time: missing unit in duration ${quoted}`);
  const unitNanos = NANOS_OF.get(unit);
  if (unitNanos === undefined) {
    throw new GoSyntaxError(`time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`);
  }
  const nanos =
    BigInt(whole || "0") * unitNanos + (BigInt(fraction || "0") * unitNanos) / 10n ** BigInt(fraction.length);
  if (nanos > MAX_INT64) throw new GoSyntaxError(`time: invalid duration ${quoted}`);
  return nanos;
}

function inGo(text: string): string {
  return `parsing ${JSON.stringify(text)}`;
}

/** The message of what a parser of this file threw. */
function messageOf(thrown: unknown): string {
  if (thrown instanceof GoSyntaxError) return thrown.message;
  throw thrown;
}

/** A refusal in Jaeger's words. */
export function badRequest(message: string, field?: string): TracAggError {
  return new TracAggError("invalid_argument", message, field === undefined ? {} : { field });
}

/** A refusal of one parameter. */
export function unreadable(name: string, reason: string): TracAggError {
  return badRequest(`unable to parse param '${name}': ${reason}`, name);
}

function read<Value>(
  search: URLSearchParams,
  name: string,
  parse: (text: string) => Value,
): Value | undefined {
  const text = search.get(name) ?? "";
  if (text === "") return undefined;
  try {
    return parse(text);
  } catch (thrown) {
    throw unreadable(name, messageOf(thrown));
  }
}

/** A whole number, undefined when the parameter is absent or empty. @throws TracAggError `invalid_argument`. */
export function integerParameter(search: URLSearchParams, name: string): bigint | undefined {
  return read(search, name, goInteger);
}

/** A truth value; absent is false. @throws TracAggError `invalid_argument`. */
export function truthParameter(search: URLSearchParams, name: string): boolean {
  return read(search, name, goTruth) ?? false;
}

/** A length of time in nanoseconds, or undefined. @throws TracAggError `invalid_argument`. */
export function durationParameter(search: URLSearchParams, name: string): bigint | undefined {
  return read(search, name, goDuration);
}

/** A number that has to be there. @throws TracAggError `invalid_argument`. */
export function floatParameter(search: URLSearchParams, name: string): number {
  try {
    return goFloat(search.get(name) ?? "");
  } catch (thrown) {
    throw unreadable(name, messageOf(thrown));
  }
}

/** A whole number of 32 bits, refused without the parameter's name, as Jaeger does for `limit`. */
export function bareInteger(search: URLSearchParams, name: string): number | undefined {
  const text = search.get(name) ?? "";
  if (text === "") return undefined;
  try {
    const value = goInteger(text);
    if (value === BigInt.asIntN(32, value)) return Number(value);
  } catch (thrown) {
    throw badRequest(messageOf(thrown), name);
  }
  throw badRequest(`strconv.ParseInt: ${inGo(text)}: value out of range`, name);
}
