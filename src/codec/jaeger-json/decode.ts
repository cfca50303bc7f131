/** Jaeger JSON (UI download, legacy API answer) to TracAgg's model. */

import { bytesFromBase64 } from "../../base/base64.ts";
import type { AttributeValue } from "../../model/attribute-value.ts";
import type { Resource, Span } from "../../model/span.ts";
import type { JaegerReferenceParts, JaegerSpanParts, JaegerTags } from "../jaeger-model/span-from-jaeger.ts";
import { resourceFromJaegerProcess, spanFromJaeger } from "../jaeger-model/span-from-jaeger.ts";
import type { JsonObject } from "../json-shape.ts";
import { hexIdAt, listAt, nanosFromMicrosAt, objectAt, shapeError, textAt } from "../json-shape.ts";

/**
 * Spans of a Jaeger answer `{"data": [trace, ...]}`, of one trace object, or of a list of traces.
 *
 * @throws TracAggError `invalid_argument` naming the member at fault, e.g. `data[0].spans[3].traceID: expected ...`.
 */
export function spansFromJaegerJson(value: unknown): Span[] {
  const isTrace = typeof value === "object" && value !== null && "spans" in value;
  const traces = Array.isArray(value) ? value : isTrace ? [value] : objectAt(value, "$")["data"];
  if (!Array.isArray(traces)) throw shapeError("data", "a list of traces", traces);
  return traces.flatMap((trace, index) => spansOfTrace(objectAt(trace, `data[${index}]`), `data[${index}]`));
}

function spansOfTrace(trace: JsonObject, path: string): Span[] {
  const resources = new Map<string, Resource>();
  const processes = objectAt(trace["processes"] ?? {}, `${path}.processes`);
  for (const [id, process] of Object.entries(processes)) {
    const at = `${path}.processes.${id}`;
    resources.set(id, resourceFromProcess(objectAt(process, at), at));
  }
  return listAt(trace["spans"], `${path}.spans`).map((item, index) => {
    const at = `${path}.spans[${index}]`;
    const span = objectAt(item, at);
    const own = span["process"];
    const resource =
      own === undefined || own === null
        ? resources.get(textAt(span["processID"], `${at}.processID`))
        : resourceFromProcess(objectAt(own, `${at}.process`), `${at}.process`);
    if (resource === undefined) throw shapeError(`${at}.processID`, "a key of processes", span["processID"]);
    return spanFromJson(span, resource, at);
  });
}

function resourceFromProcess(process: JsonObject, path: string): Resource {
  const serviceName = textAt(process["serviceName"], `${path}.serviceName`);
  return resourceFromJaegerProcess(serviceName, tagsOf(process["tags"], `${path}.tags`));
}

function spanFromJson(span: JsonObject, resource: Resource, path: string): Span {
  return spanFromJaeger({
    traceId: hexIdAt(span["traceID"], 32, `${path}.traceID`),
    spanId: hexIdAt(span["spanID"], 16, `${path}.spanID`),
    parentSpanId: olderParentAt(span["parentSpanID"], `${path}.parentSpanID`),
    operationName: textAt(span["operationName"], `${path}.operationName`),
    references: listAt(span["references"], `${path}.references`).map((item, index) =>
      referenceAt(item, `${path}.references[${index}]`),
    ),
    flags: flagsAt(span["flags"], `${path}.flags`),
    startTimeUnixNano: nanosFromMicrosAt(span["startTime"], `${path}.startTime`),
    durationNanos: nanosFromMicrosAt(span["duration"], `${path}.duration`),
    tags: tagsOf(span["tags"], `${path}.tags`),
    logs: listAt(span["logs"], `${path}.logs`).map((item, index) => logAt(item, `${path}.logs[${index}]`)),
    warnings: listAt(span["warnings"], `${path}.warnings`).map((item, index) =>
      textAt(item, `${path}.warnings[${index}]`),
    ),
    resource,
  });
}

/** A root names none, or zeros. */
function olderParentAt(value: unknown, path: string): string | undefined {
  const isNone = typeof value !== "string" || /^0*$/.test(value);
  return isNone ? undefined : hexIdAt(value, 16, path);
}

function flagsAt(value: unknown, path: string): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === "number" && Number.isInteger(value)) return value;
  throw shapeError(path, "an integer", value);
}

function referenceAt(value: unknown, path: string): JaegerReferenceParts {
  const reference = objectAt(value, path);
  return {
    isChildOf: textAt(reference["refType"], `${path}.refType`) === "CHILD_OF",
    traceId: hexIdAt(reference["traceID"], 32, `${path}.traceID`),
    spanId: hexIdAt(reference["spanID"], 16, `${path}.spanID`),
  };
}

function logAt(value: unknown, path: string): JaegerSpanParts["logs"][number] {
  const log = objectAt(value, path);
  return {
    timeUnixNano: nanosFromMicrosAt(log["timestamp"], `${path}.timestamp`),
    fields: tagsOf(log["fields"], `${path}.fields`),
  };
}

function tagsOf(value: unknown, path: string): JaegerTags {
  const tags: JaegerTags = new Map();
  for (const [index, item] of listAt(value, path).entries()) {
    const at = `${path}[${index}]`;
    const tag = objectAt(item, at);
    tags.set(textAt(tag["key"], `${at}.key`), tagValue(tag, `${at}.value`));
  }
  return tags;
}

function tagValue(tag: JsonObject, path: string): AttributeValue {
  const value = tag["value"];
  switch (tag["type"]) {
    case "bool":
      return value === true || value === "true";
    case "int64":
      return integerAt(value, path);
    case "float64":
      if (typeof value === "number" || typeof value === "string") return Number(value);
      throw shapeError(path, "a number", value);
    case "binary":
      return bytesAt(value, path);
    default:
      if (typeof value === "string") return value;
      return value === undefined || value === null ? "" : JSON.stringify(value);
  }
}

function integerAt(value: unknown, path: string): bigint {
  if (typeof value === "string" && /^-?\d{1,19}$/.test(value)) return BigInt(value);
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  throw shapeError(path, "an integer", value);
}

function bytesAt(value: unknown, path: string): Uint8Array {
  const bytes = bytesFromBase64(textAt(value, path));
  if (bytes === undefined) throw shapeError(path, "base64", value);
  return bytes;
}
