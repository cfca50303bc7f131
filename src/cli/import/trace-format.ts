/** Which format a JSON document is in. */

import { TracAggError } from "../../base/errors.ts";

/** The formats that are read. */
export type ImportFormat = "otlp" | "jaeger" | "zipkin";

function hasKey(value: unknown, ...keys: readonly string[]): boolean {
  return typeof value === "object" && value !== null && keys.some((key) => Object.hasOwn(value, key));
}

/** First element, looking into a list of lists: Zipkin writes traces as lists of spans. */
function firstElement(list: readonly unknown[]): unknown {
  const first = list.find((element) => !Array.isArray(element) || element.length > 0);
  return Array.isArray(first) ? (first as readonly unknown[])[0] : first;
}

/**
 * The format of a document, told from its members: `resourceSpans` is OTLP, `traceID` or `data` Jaeger, a list of
 * objects with `traceId` Zipkin. An empty list or object has no spans and counts as Zipkin or OTLP.
 *
 * @throws TracAggError `invalid_argument` when it is none of them.
 */
export function traceFormatOf(value: unknown): ImportFormat {
  if (Array.isArray(value)) {
    const first = firstElement(value as readonly unknown[]);
    if (first === undefined || hasKey(first, "traceId")) return "zipkin";
    if (hasKey(first, "traceID")) return "jaeger";
  } else if (hasKey(value, "resourceSpans", "resource_spans")) return "otlp";
  else if (hasKey(value, "traceID", "data")) return "jaeger";
  else if (typeof value === "object" && value !== null && Object.keys(value).length === 0) return "otlp";
  throw new TracAggError(
    "invalid_argument",
    'expected OTLP/JSON ({"resourceSpans": ...}), Jaeger JSON ({"data": ...}) or Zipkin v2 JSON ([{"traceId": ...}])',
  );
}
