/** Tags of Jaeger's searches as conditions of TraceQL. */

import type { AttributeScope } from "../../filter/query-model.ts";
import { fieldText, stringText } from "../../traceql/print-value.ts";

const SOURCE = { start: 0, end: 0 };
const NUMBER = /^-?\d{1,18}(?:\.\d{1,18})?$/;
const KIND_WORDS: ReadonlySet<string> = new Set(["internal", "server", "client", "producer", "consumer"]);

/** Tags that Jaeger makes of what OTLP has fields for. */
const FIELD_OF_TAG: ReadonlyMap<string, string> = new Map([
  ["otel.scope.name", "instrumentation:name"],
  ["otel.scope.version", "instrumentation:version"],
  ["otel.status_description", "statusMessage"],
]);

/** Where a tag is looked for: the span, its resource, its events. */
const SCOPES: readonly AttributeScope[] = ["any", "event"];

/**
 * The condition that a span has a tag: an attribute of the span, its resource or one of its events whose value reads as
 * the text, or what the tag stands for.
 *
 * @example
 * tagCondition("http.status_code", "500"); // (.http.status_code = "500" || .http.status_code = 500 || event. ...)
 */
export function tagCondition(key: string, value: string): string {
  const options = [...specialConditions(key, value), ...attributeConditions(key, value)];
  return options.length === 1 ? (options[0] as string) : `(${options.join(" || ")})`;
}

function specialConditions(key: string, value: string): readonly string[] {
  const field = FIELD_OF_TAG.get(key);
  if (field !== undefined) return [`${field} = ${stringText(value)}`];
  if (key === "error" && value === "true") return ["status = error"];
  if (key === "span.kind" && KIND_WORDS.has(value)) return [`kind = ${value}`];
  if (key === "otel.status_code" && value === "ERROR") return ["status = error"];
  if (key === "otel.status_code" && value === "OK") return ["status = ok"];
  return [];
}

function attributeConditions(key: string, value: string): readonly string[] {
  return SCOPES.flatMap((scope) => {
    const field = fieldText({ node: "attribute", scope, key, ...SOURCE });
    const isOther = NUMBER.test(value) || value === "true" || value === "false";
    const isText = `${field} = ${stringText(value)}`;
    return isOther ? [isText, `${field} = ${value}`] : [isText];
  });
}
