/** Jaeger JSON (UI download, legacy API answer) to TracAgg's model. */

import { bytesFromBase64 } from "../../base/base64.ts";
import type { Attributes, AttributeValue } from "../../model/attribute-value.ts";
import { makeSpan } from "../../model/make-span.ts";
import type { Resource, Span, SpanEvent, SpanLink } from "../../model/span.ts";
import type { SpanKind } from "../../model/span-kind.ts";
import type { SpanStatus } from "../../model/span-status.ts";
import type { JsonObject } from "../json-shape.ts";
import { hexIdAt, listAt, nanosFromMicrosAt, objectAt, shapeError, textAt } from "../json-shape.ts";
import { MISSING_SERVICE, NO_RESOURCE_SERVICE } from "./jaeger-model.ts";

type TagMap = Map<string, AttributeValue>;

const KIND_BY_WORD: ReadonlyMap<unknown, SpanKind> = new Map<unknown, SpanKind>([
  ["client", "CLIENT"],
  ["server", "SERVER"],
  ["producer", "PRODUCER"],
  ["consumer", "CONSUMER"],
  ["internal", "INTERNAL"],
]);

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
    return spanFromJaeger(span, resource, at);
  });
}

function resourceFromProcess(process: JsonObject, path: string): Resource {
  const serviceName = textAt(process["serviceName"], `${path}.serviceName`);
  const tags = tagMapOf(process["tags"], `${path}.tags`);
  const hasName =
    serviceName !== "" && serviceName !== NO_RESOURCE_SERVICE && serviceName !== MISSING_SERVICE;
  const hostname = tags.get("hostname");
  if (hostname !== undefined && !tags.has("host.name")) {
    tags.delete("hostname");
    tags.set("host.name", hostname);
  }
  const named: TagMap = hasName ? new Map([["service.name", serviceName], ...tags]) : tags;
  return { attributes: attributesOf(named), droppedAttributesCount: 0, schemaUrl: "" };
}

function spanFromJaeger(span: JsonObject, resource: Resource, path: string): Span {
  const traceId = hexIdAt(span["traceID"], 32, `${path}.traceID`);
  const tags = tagMapOf(span["tags"], `${path}.tags`);
  const { parentSpanId, links } = parentAndLinks(span, traceId, path);
  const startTimeUnixNano = nanosFromMicrosAt(span["startTime"], `${path}.startTime`);
  const { status, statusMessage } = takeStatus(tags);
  const kind = KIND_BY_WORD.get(tags.get("span.kind"));
  if (kind !== undefined) tags.delete("span.kind");
  const scope = {
    name: takeText(tags, "otel.scope.name"),
    version: takeText(tags, "otel.scope.version"),
    attributes: {},
    droppedAttributesCount: 0,
    schemaUrl: "",
  };
  return makeSpan({
    traceId,
    spanId: hexIdAt(span["spanID"], 16, `${path}.spanID`),
    parentSpanId,
    name: textAt(span["operationName"], `${path}.operationName`),
    kind: kind ?? "UNSPECIFIED",
    startTimeUnixNano,
    endTimeUnixNano: startTimeUnixNano + nanosFromMicrosAt(span["duration"], `${path}.duration`),
    status,
    statusMessage,
    traceState: takeText(tags, "w3c.tracestate"),
    attributes: attributesOf(tags),
    events: listAt(span["logs"], `${path}.logs`).map((log, index) =>
      eventFromLog(log, `${path}.logs[${index}]`),
    ),
    links,
    resource,
    scope,
  });
}

/** The first CHILD_OF of the same trace is the parent, else the first FOLLOWS_FROM of it; the rest are links. */
function parentAndLinks(
  span: JsonObject,
  traceId: string,
  path: string,
): { readonly parentSpanId: string | undefined; readonly links: readonly SpanLink[] } {
  const references = listAt(span["references"], `${path}.references`).map((item, index) => {
    const at = `${path}.references[${index}]`;
    const reference = objectAt(item, at);
    return {
      refType: textAt(reference["refType"], `${at}.refType`),
      traceId: hexIdAt(reference["traceID"], 32, `${at}.traceID`),
      spanId: hexIdAt(reference["spanID"], 16, `${at}.spanID`),
    };
  });
  const inTrace = references.filter((reference) => reference.traceId === traceId);
  const parent = inTrace.find((reference) => reference.refType === "CHILD_OF") ?? inTrace[0];
  const older = span["parentSpanID"];
  const hasOlder = parent === undefined && typeof older === "string" && !/^0*$/.test(older);
  const links = references
    .filter((reference) => reference !== parent)
    .map((reference) => ({
      traceId: reference.traceId,
      spanId: reference.spanId,
      traceState: "",
      attributes: { "opentracing.ref_type": reference.refType === "CHILD_OF" ? "child_of" : "follows_from" },
      droppedAttributesCount: 0,
      flags: 0,
    }));
  return {
    parentSpanId: hasOlder ? hexIdAt(older, 16, `${path}.parentSpanID`) : parent?.spanId,
    links,
  };
}

/** `error` = true wins over `otel.status_code`; failing both, the HTTP status code decides. */
function takeStatus(tags: TagMap): { readonly status: SpanStatus; readonly statusMessage: string } {
  const word = tags.get("otel.status_code");
  const isError = tags.get("error") === true || tags.get("error") === "true";
  const status = isError ? "ERROR" : word === "OK" || word === "ERROR" ? word : statusFromHttp(tags);
  if (isError) tags.delete("error");
  if (word === "OK" || word === "ERROR") tags.delete("otel.status_code");
  return { status, statusMessage: takeText(tags, "otel.status_description") };
}

function statusFromHttp(tags: TagMap): SpanStatus {
  const code = Number(tags.get("http.status_code"));
  const lowestError = tags.get("span.kind") === "client" ? 400 : 500;
  return code >= lowestError && code < 600 ? "ERROR" : "UNSET";
}

function takeText(tags: TagMap, key: string): string {
  const value = tags.get(key);
  if (typeof value !== "string") return "";
  tags.delete(key);
  return value;
}

function eventFromLog(value: unknown, path: string): SpanEvent {
  const log = objectAt(value, path);
  const fields = tagMapOf(log["fields"], `${path}.fields`);
  return {
    name: takeText(fields, "event"),
    timeUnixNano: nanosFromMicrosAt(log["timestamp"], `${path}.timestamp`),
    attributes: attributesOf(fields),
    droppedAttributesCount: 0,
  };
}

function tagMapOf(value: unknown, path: string): TagMap {
  const tags: TagMap = new Map();
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

/** Object.fromEntries defines own members, so a key like `__proto__` is safe. */
function attributesOf(tags: TagMap): Attributes {
  return Object.fromEntries(tags);
}
