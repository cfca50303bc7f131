/** Small makers of JSON Schemas. */

import type { JsonSchema } from "../query-parameters.ts";

/** A text. */
export const TEXT: JsonSchema = Object.freeze({ type: "string" });

/** A truth value. */
export const TRUTH: JsonSchema = Object.freeze({ type: "boolean" });

/** A number that counts something. */
export const COUNT: JsonSchema = Object.freeze({ type: "integer", minimum: 0 });

/** Any finite number from 0. */
export const AMOUNT: JsonSchema = Object.freeze({ type: "number", minimum: 0 });

/** Nanoseconds as a decimal string. */
export const NANOS: JsonSchema = Object.freeze({
  type: "string",
  pattern: "^[0-9]+$",
  description: "Nanoseconds as a decimal string.",
});

/** ISO 8601 in UTC with nine fractional digits. */
export const ISO_TIME: JsonSchema = Object.freeze({
  type: "string",
  pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{9}Z$",
  description: "ISO 8601 in UTC with nine fractional digits.",
});

/** 32 lower-case hex digits. */
export const TRACE_ID: JsonSchema = Object.freeze({ type: "string", pattern: "^[0-9a-f]{32}$" });

/** 16 lower-case hex digits. */
export const SPAN_ID: JsonSchema = Object.freeze({ type: "string", pattern: "^[0-9a-f]{16}$" });

/** An object with exactly these members, all there unless named in `optional`. */
export function objectOf(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: readonly string[] = [],
): JsonSchema {
  return {
    type: "object",
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
    additionalProperties: false,
  };
}

/** A list. */
export function listOf(items: JsonSchema): JsonSchema {
  return { type: "array", items };
}

/** An object with any member names. */
export function mapOf(values: JsonSchema): JsonSchema {
  return { type: "object", additionalProperties: values };
}

/** One of a few words. */
export function wordOf(...words: readonly string[]): JsonSchema {
  return { type: "string", enum: words };
}

/** The value, or null. */
export function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: "null" }] };
}

/** A component of the document. */
export function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** The same schema with a sentence about it. */
export function described(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description };
}
