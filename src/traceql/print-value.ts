/** How values and fields are written. */

import type { Field, FilterValue } from "../filter/query-model.ts";
import { isDigit, isNameUnit } from "./scan.ts";
import { BARE_NAMES, MAX_INT, MIN_INT, PRINTED_BARE } from "./words.ts";

const NANOS_PER_MINUTE = 60_000_000_000n;
const NANOS_PER_SECOND = 1_000_000_000n;

/** Units over a minute, greatest first. */
const LONG_UNITS: readonly (readonly [string, bigint])[] = [
  ["d", 1_440n * NANOS_PER_MINUTE],
  ["h", 60n * NANOS_PER_MINUTE],
  ["m", NANOS_PER_MINUTE],
  ["s", NANOS_PER_SECOND],
];

/** Units under a minute, greatest first, with the decimal places of a nanosecond in them. */
const SHORT_UNITS: readonly (readonly [string, bigint, number])[] = [
  ["s", NANOS_PER_SECOND, 9],
  ["ms", 1_000_000n, 6],
  ["us", 1_000n, 3],
];

function shortDuration(nanos: bigint): string {
  const unit = SHORT_UNITS.find(([, unitNanos]) => nanos >= unitNanos);
  if (unit === undefined) return nanos === 0n ? "0s" : `${nanos}ns`;
  const [name, unitNanos, places] = unit;
  const fraction = (nanos % unitNanos).toString().padStart(places, "0").replace(/0+$/, "");
  return `${nanos / unitNanos}${fraction === "" ? "" : `.${fraction}`}${name}`;
}

/** A duration such as `50ms`, `1.5s`, `1h30m`. */
export function durationText(nanos: bigint): string {
  if (nanos < 0n) return `-${durationText(-nanos)}`;
  if (nanos < NANOS_PER_MINUTE) return shortDuration(nanos);
  let rest = nanos;
  let text = "";
  for (const [name, unitNanos] of LONG_UNITS) {
    // Days go with whole seconds only: a fraction makes the whole text one that knows no days.
    const units = name === "d" && nanos % NANOS_PER_SECOND !== 0n ? 0n : rest / unitNanos;
    if (name === "s" && rest > 0n) return text + shortDuration(rest);
    if (units > 0n) text += `${units}${name}`;
    rest -= units * unitNanos;
  }
  return text;
}

/** A float, in a form that is no integer. */
function floatText(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** A number of which it does not matter whether it is an integer. */
export function numberText(value: number): string {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : floatText(value);
}

function intText(value: bigint): string {
  if (value === MIN_INT) return "minInt";
  return value === MAX_INT ? "maxInt" : value.toString();
}

const NAMED_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\\", "\\\\"],
  ['"', '\\"'],
]);

/** Everything below a blank, quotes, backslashes and the delete character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is escaped
const ESCAPED = /[\u0000-\u001f"\\\u007f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: those have no place between backticks
const NOT_RAW = /[\u0000-\u001f`\u007f]/;

/** A text in quotes; in backticks when that saves escapes, as in most regular expressions. */
export function stringText(value: string): string {
  if (/["\\]/.test(value) && !NOT_RAW.test(value)) return `\`${value}\``;
  const escaped = value.replace(
    ESCAPED,
    (character) =>
      NAMED_ESCAPES.get(character) ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `"${escaped}"`;
}

/** A value as it is written in a query. */
export function valueText(value: FilterValue): string {
  switch (value.type) {
    case "string":
      return stringText(value.value);
    case "int":
      return intText(value.value);
    case "float":
      return floatText(value.value);
    case "duration":
      return durationText(value.nanos);
    case "nil":
      return "nil";
    default:
      return String(value.value);
  }
}

function needsQuotes(key: string, dotAlone: boolean): boolean {
  if (key === "" || (dotAlone && isDigit(key.charCodeAt(0)))) return true;
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    if (code === 0x22 || !isNameUnit(code)) return true;
  }
  return false;
}

/** An attribute or intrinsic as it is written in a query. */
export function fieldText(field: Field): string {
  if (field.node === "intrinsic") return PRINTED_BARE.get(field.name) ?? field.name;
  const scope = field.scope === "any" ? "" : field.scope;
  if (!needsQuotes(field.key, scope === "")) return `${scope}.${field.key}`;
  return `${scope}."${field.key.replace(/["\\]/g, "\\$&")}"`;
}

/** The name of the label that series have for a field: an intrinsic by its name without a scope, where it has one. */
export function labelText(field: Field): string {
  const bare = field.node === "intrinsic" ? BARE_NAMES.get(field.name) : undefined;
  return bare ?? fieldText(field);
}
