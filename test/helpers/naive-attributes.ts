/** What the catalogue of attributes should say, counted over plain spans one by one. */

import type { AttributeLevel } from "../../src/model/attribute-facts.ts";
import type { Attributes, AttributeValue } from "../../src/model/attribute-value.ts";
import type { Span } from "../../src/model/span.ts";

/** One key, counted. */
export interface NaiveKey {
  readonly level: AttributeLevel;
  readonly key: string;
  readonly types: Set<string>;
  count: number;
  newest: bigint;
  /** By `type:text`. */
  readonly values: Map<string, number>;
}

/** Keys by `level:key`. */
export function naiveAttributes(spans: readonly Span[]): Map<string, NaiveKey> {
  const keys = new Map<string, NaiveKey>();
  const add = (level: AttributeLevel, key: string, value: AttributeValue, start: bigint): void => {
    if (value === null) return;
    const id = `${level}:${key}`;
    const known = keys.get(id) ?? { level, key, types: new Set(), count: 0, newest: 0n, values: new Map() };
    keys.set(id, known);
    known.count++;
    known.types.add(Array.isArray(value) ? "list" : typeName(value));
    if (start > known.newest) known.newest = start;
    const listed = Array.isArray(value) ? value : [value];
    const texts = listed
      .filter((each) => typeName(each) !== "other")
      .map((each) => `${typeName(each)}:${each}`);
    for (const text of new Set(texts)) known.values.set(text, (known.values.get(text) ?? 0) + 1);
  };
  for (const span of spans) addSpan(span, add);
  return keys;
}

type Add = (level: AttributeLevel, key: string, value: AttributeValue, start: bigint) => void;

function addSpan(span: Span, add: Add): void {
  const start = span.startTimeUnixNano;
  const addAll = (level: AttributeLevel, attributes: Attributes): void => {
    for (const [key, value] of Object.entries(attributes)) add(level, key, value, start);
  };
  const addText = (key: string, text: string): void => {
    if (text !== "") add("intrinsic", key, text, start);
  };
  addAll("span", span.attributes);
  addAll("resource", { ...span.resource.attributes, "service.name": span.serviceName });
  addAll("instrumentation", span.scope.attributes);
  addText("span:name", span.name);
  addText("instrumentation:name", span.scope.name);
  addText("instrumentation:version", span.scope.version);
  if (span.parentSpanId === undefined) {
    addText("trace:rootName", span.name);
    addText("trace:rootService", span.serviceName);
  }
  for (const event of span.events) {
    addText("event:name", event.name);
    addAll("event", event.attributes);
  }
  for (const link of span.links) addAll("link", link.attributes);
}

function typeName(value: AttributeValue): string {
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return "float";
  if (typeof value === "boolean") return "bool";
  return typeof value === "string" ? "string" : "other";
}
