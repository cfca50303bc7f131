/** Searches for one span by names, tags and its duration, as Jaeger's clients send them, written in TraceQL. */

import { durationText, fieldText, stringText } from "../traceql/print-value.ts";

const SOURCE = { start: 0, end: 0 };
const NUMBER = /^-?\d{1,18}(?:\.\d{1,18})?$/;
const KIND_WORDS: ReadonlySet<string> = new Set(["internal", "server", "client", "producer", "consumer"]);

/** Tags that Jaeger makes of what OTLP has fields for. */
const FIELD_OF_TAG: ReadonlyMap<string, string> = new Map([
  ["otel.scope.name", "instrumentation:name"],
  ["otel.scope.version", "instrumentation:version"],
  ["otel.status_description", "statusMessage"],
]);

/** What one span has to be. */
export interface SpanTagSearch {
  readonly service: string;
  /** "" for any. */
  readonly operation: string;
  readonly tags: ReadonlyMap<string, string>;
  /** Bounds of the span's duration in nanoseconds; 0 or less: none. */
  readonly minDuration: bigint;
  readonly maxDuration: bigint;
}

/**
 * The query that such a search means. A tag is an attribute of the span, or of its resource, whose value reads as the
 * text, or what Jaeger makes the tag of.
 *
 * @example
 * spanTagQuery({ service: "shop", operation: "", tags: new Map([["code", "500"]]), minDuration: 0n, maxDuration: 0n });
 * // { resource.service.name = "shop" && (.code = "500" || .code = 500) }
 */
export function spanTagQuery({ service, operation, tags, minDuration, maxDuration }: SpanTagSearch): string {
  const conditions = [`resource.service.name = ${stringText(service)}`];
  if (operation !== "") conditions.push(`name = ${stringText(operation)}`);
  for (const [key, value] of tags) conditions.push(tagCondition(key, value));
  if (minDuration > 0n) conditions.push(`duration >= ${durationText(minDuration)}`);
  if (maxDuration > 0n) conditions.push(`duration <= ${durationText(maxDuration)}`);
  return `{ ${conditions.join(" && ")} }`;
}

function tagCondition(key: string, value: string): string {
  const field = FIELD_OF_TAG.get(key);
  if (field !== undefined) return `${field} = ${stringText(value)}`;
  const options = [...specialConditions(key, value), ...attributeConditions(key, value)];
  return options.length === 1 ? (options[0] as string) : `(${options.join(" || ")})`;
}

function specialConditions(key: string, value: string): readonly string[] {
  if (key === "error" && value === "true") return ["status = error"];
  if (key === "span.kind" && KIND_WORDS.has(value)) return [`kind = ${value}`];
  if (key === "otel.status_code" && value === "ERROR") return ["status = error"];
  if (key === "otel.status_code" && value === "OK") return ["status = ok"];
  return [];
}

function attributeConditions(key: string, value: string): readonly string[] {
  const field = fieldText({ node: "attribute", scope: "any", key, ...SOURCE });
  const isText = `${field} = ${stringText(value)}`;
  const isOther = NUMBER.test(value) || value === "true" || value === "false";
  return isOther ? [isText, `${field} = ${value}`] : [isText];
}
