/** Reading the file of strategies, with mistakes that name their line. */

import { LineCounter, parseDocument } from "yaml";
import { TracAggError } from "../base/errors.ts";
import type { ServiceEntry, StrategyEntry, StrategyFile } from "./strategy.ts";

type Path = readonly (string | number)[];
type JsonObject = Readonly<Record<string, unknown>>;

/** One file: every fault found in it is told with its name and line. */
interface Reading {
  readonly file: string;
  readonly text: string;
}

const MAX_INT32 = 2 ** 31 - 1;
const MAX_SHOWN_LENGTH = 60;

/**
 * The entries of a file as Jaeger's collectors read it. Members nobody knows are passed over; `null` is an empty file.
 *
 * @param file name for messages
 * @throws TracAggError `invalid_argument`: `file:line: member: expected ..., got ...`
 */
export function parseStrategyFile(text: string, file: string): StrategyFile {
  const reading = { file, text };
  const value = parseJson(reading);
  if (value === null) return { defaultStrategy: undefined, serviceStrategies: [] };
  const root = objectAt(reading, value, []);
  const fallback = root["default_strategy"] ?? undefined;
  return {
    defaultStrategy: fallback === undefined ? undefined : serviceAt(reading, fallback, ["default_strategy"]),
    serviceStrategies: listAt(reading, root["service_strategies"], ["service_strategies"]).map(
      (entry, index) => serviceAt(reading, entry, ["service_strategies", index]),
    ),
  };
}

function parseJson(reading: Reading): unknown {
  try {
    return JSON.parse(reading.text);
  } catch (thrown) {
    const { message } = thrown as Error;
    const offset = Number(/at position (\d+)/.exec(message)?.[1] ?? reading.text.length);
    const line = reading.text.slice(0, offset).split("\n").length;
    throw fault(reading, line, `expected JSON: ${message.slice(0, 200)}`, thrown);
  }
}

function serviceAt(reading: Reading, value: unknown, path: Path): ServiceEntry {
  const entry = objectAt(reading, value, path);
  const operations = [...path, "operation_strategies"];
  return {
    service: textAt(reading, entry["service"], [...path, "service"]),
    ...strategyAt(reading, entry, path),
    operationStrategies: listAt(reading, entry["operation_strategies"], operations).map((item, index) => {
      const at = [...operations, index];
      const each = objectAt(reading, item, at);
      const operation = textAt(reading, each["operation"], [...at, "operation"]);
      return { operation, ...strategyAt(reading, each, at) };
    }),
  };
}

function strategyAt(reading: Reading, entry: JsonObject, path: Path): StrategyEntry {
  const type = textAt(reading, entry["type"], [...path, "type"]);
  const param = entry["param"] ?? 0;
  const isRate = type === "ratelimiting";
  const max = isRate ? MAX_INT32 : 1;
  if (typeof param === "number" && param >= 0 && param <= max) return { type, param };
  const expected = isRate ? `traces per second, 0 to ${MAX_INT32}` : "a probability from 0 to 1";
  throw shapeFault(reading, [...path, "param"], { expected, value: param });
}

function objectAt(reading: Reading, value: unknown, path: Path): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw shapeFault(reading, path, { expected: "an object", value });
}

function listAt(reading: Reading, value: unknown, path: Path): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw shapeFault(reading, path, { expected: "a list", value });
}

function textAt(reading: Reading, value: unknown, path: Path): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  throw shapeFault(reading, path, { expected: "a string", value });
}

interface Shape {
  readonly expected: string;
  readonly value: unknown;
}

function shapeFault(reading: Reading, path: Path, { expected, value }: Shape): TracAggError {
  const got = (JSON.stringify(value) ?? "nothing").slice(0, MAX_SHOWN_LENGTH);
  const where = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");
  const what = where === "" ? "the file" : where.slice(1);
  return fault(reading, lineOf(reading.text, path), `${what}: expected ${expected}, got ${got}`);
}

/** JSON is YAML, whose parser remembers where things stand. */
function lineOf(text: string, path: Path): number {
  const lineCounter = new LineCounter();
  const node: unknown = parseDocument(text, { lineCounter }).getIn(path, true);
  const range = (node as { readonly range?: readonly number[] } | undefined)?.range;
  return lineCounter.linePos(range?.[0] ?? 0).line;
}

function fault({ file }: Reading, line: number, reason: string, cause?: unknown): TracAggError {
  return new TracAggError("invalid_argument", `${file}:${line}: ${reason}`, {
    field: "sampling.file",
    ...(cause === undefined ? {} : { cause }),
  });
}
