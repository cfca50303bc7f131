/** Zipkin v2 JSON to TracAgg's model, with Zipkin's own reading rules. */

import { TracAggError } from "../../base/errors.ts";
import type { Attributes, AttributeValue } from "../../model/attribute-value.ts";
import { makeSpan } from "../../model/make-span.ts";
import type { Resource, Scope, Span, SpanEvent, SpanLink } from "../../model/span.ts";
import type { SpanKind } from "../../model/span-kind.ts";
import type { SpanStatus } from "../../model/span-status.ts";
import type { JsonObject } from "../json-shape.ts";
import { listAt, nanosFromMicrosAt, objectAt, shapeError, textAt } from "../json-shape.ts";
import { addressMembers } from "./endpoints.ts";
import type { ZipkinDecodedSpan } from "./shared-spans.ts";
import { separateSharedSpans } from "./shared-spans.ts";
import type { ZipkinEndpoint } from "./zipkin-model.ts";

type TagMap = Map<string, string>;

const KINDS: ReadonlySet<unknown> = new Set(["CLIENT", "SERVER", "PRODUCER", "CONSUMER"]);

/**
 * Spans of a Zipkin v2 list, or of a list of such lists (a search answer).
 *
 * Ids may have 1 to 16 (32 for traces) lower-case hex digits and are padded on the left. A server span that shares its
 * client's id gets an id of its own below the client, the original kept in `zipkin.shared_span_id`; its children in
 * the same service move with it.
 *
 * @throws TracAggError `invalid_argument` naming the member at fault; then no span is taken, as in Zipkin.
 */
export function spansFromZipkinJson(value: unknown): Span[] {
  if (!Array.isArray(value)) throw shapeError("$", "a list of spans", value);
  const items = value.every((item) => Array.isArray(item)) ? value.flat() : value;
  return separateSharedSpans(
    items.map((item, index) => decodeSpan(objectAt(item, `$[${index}]`), `$[${index}]`)),
  );
}

function decodeSpan(span: JsonObject, path: string): ZipkinDecodedSpan {
  const id = zipkinId(span["id"], 16, `${path}.id`);
  const tags = tagsAt(span["tags"], `${path}.tags`);
  const startTimeUnixNano = nanosFromMicrosAt(span["timestamp"], `${path}.timestamp`);
  const kind = kindAt(span["kind"], `${path}.kind`);
  const resource = resourceFromEndpoint(endpointAt(span["localEndpoint"], `${path}.localEndpoint`));
  const remote = endpointAt(span["remoteEndpoint"], `${path}.remoteEndpoint`);
  const parts = {
    traceId: zipkinId(span["traceId"], 32, `${path}.traceId`),
    spanId: id,
    parentSpanId: parentIdAt(span["parentId"], id, `${path}.parentId`),
    name: textAt(span["name"], `${path}.name`),
    kind,
    startTimeUnixNano,
    endTimeUnixNano: startTimeUnixNano + nanosFromMicrosAt(span["duration"], `${path}.duration`),
    ...takeStatus(tags),
    traceState: take(tags, "w3c.tracestate"),
    droppedAttributesCount: takeCount(tags, "otel.dropped_attributes_count"),
    droppedEventsCount: takeCount(tags, "otel.dropped_events_count"),
    droppedLinksCount: takeCount(tags, "otel.dropped_links_count"),
    scope: takeScope(tags),
    links: takeLinks(tags),
    events: listAt(span["annotations"], `${path}.annotations`).map((item, index) =>
      eventAt(item, `${path}.annotations[${index}]`),
    ),
    resource,
  };
  const attributes = { ...remoteAttributes(remote, tags), ...Object.fromEntries(tags) };
  return { span: makeSpan({ ...parts, attributes }), isShared: span["shared"] === true && kind !== "CLIENT" };
}

function zipkinId(value: unknown, digits: 16 | 32, path: string): string {
  const text = typeof value === "string" ? value : "";
  if (!/^[0-9a-f]+$/.test(text) || text.length > digits || /^0+$/.test(text)) {
    throw shapeError(path, `1 to ${digits} lower-case hex digits, not all zero`, value);
  }
  return text.padStart(digits, "0");
}

/** All zeros and the span's own id mean "no parent". */
function parentIdAt(value: unknown, id: string, path: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string" && /^0{1,16}$/.test(value)) return undefined;
  const parentId = zipkinId(value, 16, path);
  return parentId === id ? undefined : parentId;
}

/** No kind means a local operation: INTERNAL. */
function kindAt(value: unknown, path: string): SpanKind {
  if (value === undefined || value === null) return "INTERNAL";
  if (KINDS.has(value)) return value as SpanKind;
  throw shapeError(path, "CLIENT, SERVER, PRODUCER or CONSUMER", value);
}

function endpointAt(value: unknown, path: string): ZipkinEndpoint | undefined {
  if (value === undefined || value === null) return undefined;
  const endpoint = objectAt(value, path);
  const serviceName = textAt(endpoint["serviceName"], `${path}.serviceName`);
  const port = Number(endpoint["port"] ?? 0);
  if (!(port <= 65_535)) throw shapeError(`${path}.port`, "at most 65535", endpoint["port"]);
  return {
    ...(serviceName === "" ? {} : { serviceName }),
    ...addressMembers(textAt(endpoint["ipv4"], `${path}.ipv4`)),
    ...addressMembers(textAt(endpoint["ipv6"], `${path}.ipv6`)),
    ...(port > 0 ? { port } : {}),
  };
}

function resourceFromEndpoint(endpoint: ZipkinEndpoint | undefined): Resource {
  const address = endpoint?.ipv4 ?? endpoint?.ipv6;
  const attributes: Attributes = {
    ...(endpoint?.serviceName === undefined ? {} : { "service.name": endpoint.serviceName }),
    ...(address === undefined ? {} : { "host.ip": [address] }),
  };
  return { attributes, droppedAttributesCount: 0, schemaUrl: "" };
}

/** `peer.service` unless a tag already names the peer; address and port under their own names. */
function remoteAttributes(remote: ZipkinEndpoint | undefined, tags: TagMap): Attributes {
  if (remote === undefined) return {};
  const address = remote.ipv4 ?? remote.ipv6;
  const names = ["peer.service", "service.peer.name", "server.address", "net.peer.name", "db.name"];
  const isNamed = names.some((key) => tags.has(key) && tags.get(key) === remote.serviceName);
  const wantsName = remote.serviceName !== undefined && !tags.has("peer.service") && !isNamed;
  return {
    ...(wantsName ? { "peer.service": remote.serviceName as string } : {}),
    ...(address === undefined || tags.has("network.peer.address") ? {} : { "network.peer.address": address }),
    ...(remote.port === undefined || tags.has("network.peer.port")
      ? {}
      : { "network.peer.port": BigInt(remote.port) }),
  };
}

function tagsAt(value: unknown, path: string): TagMap {
  const tags: TagMap = new Map();
  if (value === undefined || value === null) return tags;
  for (const [key, tag] of Object.entries(objectAt(value, path))) {
    if (tag === null)
      throw new TracAggError("invalid_argument", `${path}.${key}: expected a string, got null`);
    if (typeof tag !== "string") throw shapeError(`${path}.${key}`, "a string", tag);
    tags.set(key, tag);
  }
  return tags;
}

/**
 * `otel.status_code` decides where it is present; else any `error` tag but "false" means ERROR. An `error` text that
 * is more than true or false stays an attribute unless OpenTelemetry's own exporter wrote it as the description.
 */
function takeStatus(tags: TagMap): { readonly status: SpanStatus; readonly statusMessage: string } {
  const word = tags.get("otel.status_code");
  const error = tags.get("error");
  const isBare = error === "" || error === "true" || error === "false";
  const message = error === undefined || isBare ? "" : error;
  if (word === "OK" || word === "ERROR") {
    tags.delete("otel.status_code");
    if (word === "ERROR") tags.delete("error");
    return { status: word, statusMessage: take(tags, "otel.status_description") || message };
  }
  if (isBare) tags.delete("error");
  const isError = error !== undefined && error !== "false";
  return { status: isError ? "ERROR" : "UNSET", statusMessage: isError ? message : "" };
}

function takeScope(tags: TagMap): Scope {
  const olderName = take(tags, "otel.library.name");
  const olderVersion = take(tags, "otel.library.version");
  return {
    name: take(tags, "otel.scope.name") || olderName,
    version: take(tags, "otel.scope.version") || olderVersion,
    attributes: {},
    droppedAttributesCount: 0,
    schemaUrl: "",
  };
}

function take(tags: TagMap, key: string): string {
  const value = tags.get(key) ?? "";
  tags.delete(key);
  return value;
}

function takeCount(tags: TagMap, key: string): number {
  const text = tags.get(key);
  if (text === undefined || !/^\d{1,9}$/.test(text)) return 0;
  tags.delete(key);
  return Number(text);
}

/** Links as TracAgg writes them; a tag of that name with other text stays a tag. */
function takeLinks(tags: TagMap): SpanLink[] {
  const links: SpanLink[] = [];
  for (let index = 0; ; index++) {
    const key = `otel.link.${index}`;
    const link = linkFromText(tags.get(key));
    if (link === undefined) return links;
    links.push(link);
    tags.delete(key);
  }
}

function linkFromText(text: string | undefined): SpanLink | undefined {
  const value = parsedOrUndefined(text);
  if (typeof value !== "object" || value === null) return undefined;
  const { traceId, spanId, traceState, attributes } = value as JsonObject;
  const hasIds = /^[0-9a-f]{32}$/.test(String(traceId)) && /^[0-9a-f]{16}$/.test(String(spanId));
  if (!hasIds || typeof attributes !== "object" || attributes === null) return undefined;
  return {
    traceId: String(traceId),
    spanId: String(spanId),
    traceState: typeof traceState === "string" ? traceState : "",
    attributes: attributesFromJson(attributes as JsonObject),
    droppedAttributesCount: 0,
    flags: 0,
  };
}

/** `"name": {attributes}` as OpenTelemetry writes events, any other annotation as an event of that name. */
function eventAt(value: unknown, path: string): SpanEvent {
  const annotation = objectAt(value, path);
  if (typeof annotation["value"] !== "string" || annotation["timestamp"] === undefined) {
    throw new TracAggError(
      "invalid_argument",
      `Incomplete annotation at ${path}: expected timestamp and value`,
    );
  }
  const text = annotation["value"];
  const match = /^("(?:[^"\\]|\\.)*"): (\{.*\})$/s.exec(text);
  const name = parsedOrUndefined(match?.[1]);
  const attributes = parsedOrUndefined(match?.[2]);
  const isOwnForm = typeof name === "string" && typeof attributes === "object" && attributes !== null;
  return {
    name: isOwnForm ? name : text,
    timeUnixNano: nanosFromMicrosAt(annotation["timestamp"], `${path}.timestamp`),
    attributes: isOwnForm ? attributesFromJson(attributes as JsonObject) : {},
    droppedAttributesCount: 0,
  };
}

function parsedOrUndefined(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Text that only looks like JSON is ordinary text here.
    return undefined;
  }
}

function attributesFromJson(json: JsonObject): Attributes {
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, attributeFromJson(value)]));
}

function attributeFromJson(value: unknown): AttributeValue {
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map(attributeFromJson);
  if (typeof value === "object" && value !== null) return attributesFromJson(value as JsonObject);
  return (value ?? null) as AttributeValue;
}
