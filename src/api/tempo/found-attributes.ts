/** What a query shows of spans, as the key-value pairs that Tempo's clients look things up in. */

import { goDurationText } from "../../base/go-duration.ts";
import type { Value } from "../../filter/evaluator/values.ts";
import type { AttributeMap, AttributeValue } from "../../model/attribute-value.ts";
import type { FoundField } from "../../query/found-traces.ts";

/** A key with one value. */
export interface TempoAttribute {
  readonly key: string;
  readonly value: AttributeValue;
}

/** What every span of an answer tells beside its attributes, and what is told of its trace. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set([
  "span:name",
  "span:duration",
  "span:id",
  "trace:duration",
  "trace:rootName",
  "trace:rootService",
  "trace:id",
]);

/** In front of the key of an attribute, and of what every span has. */
const SCOPE = /^(?:(?:span|resource|event|link|instrumentation)?\.|span:)/;

/** Attributes of a span: keys without scope, what is nil left out, several values of a field one after the other. */
export function spanAttributes(fields: readonly FoundField[]): readonly TempoAttribute[] {
  return fields
    .filter(({ name }) => !TOLD_ELSEWHERE.has(name))
    .flatMap(({ name, value }) => pairs(bareKey(name), value));
}

/** Attributes of a spanset: what it was grouped by and its aggregates, by their text. */
export function spansetAttributes(fields: readonly FoundField[]): readonly TempoAttribute[] {
  return fields.flatMap(({ name, value }) => pairs(name, value));
}

/** `span."a b"` is `a b`. */
function bareKey(name: string): string {
  const key = name.replace(SCOPE, "");
  return key.startsWith('"') && key.endsWith('"') ? key.slice(1, -1).replace(/\\(["\\])/g, "$1") : key;
}

function pairs(key: string, value: Value): readonly TempoAttribute[] {
  if (value === undefined) return [];
  if (typeof value === "object" && value.type === "several") {
    return value.values.map((each) => ({ key, value: attributeValue(each) }));
  }
  return [{ key, value: attributeValue(value) }];
}

/** A value of a query as an attribute: lengths of time as Go prints them, statuses and kinds as words. */
export function attributeValue(value: Value): AttributeValue {
  if (value === undefined) return null;
  if (typeof value !== "object") return value;
  switch (value.type) {
    case "duration":
      return goDurationText(value.nanos);
    case "status":
    case "kind":
      return value.value;
    case "array":
      return value.elements.map(attributeValue);
    case "several":
      return value.values.map(attributeValue);
    case "opaque":
      return value.value;
  }
}

/** A `KeyValue` in protobuf's JSON form. */
export function keyValueJson({ key, value }: TempoAttribute): object {
  return { key, value: anyValueJson(value) };
}

/** An `AnyValue` in protobuf's JSON form. */
export function anyValueJson(value: AttributeValue): object {
  switch (typeof value) {
    case "string":
      return { stringValue: value };
    case "boolean":
      return { boolValue: value };
    case "bigint":
      return { intValue: value.toString() };
    case "number":
      return { doubleValue: Number.isFinite(value) ? value : String(value) };
    default:
      break;
  }
  if (value === null) return {};
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValueJson) } };
  const entries = Object.entries(value as AttributeMap);
  return { kvlistValue: { values: entries.map(([key, each]) => ({ key, value: anyValueJson(each) })) } };
}
