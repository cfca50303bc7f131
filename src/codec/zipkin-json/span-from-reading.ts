/** Zipkin's spans as those of OpenTelemetry's model, and nothing lost: what has no place there stands in attributes. */

import { plainJsonFromAttributes } from "../../model/attribute-json.ts";
import type { Attributes, AttributeValue } from "../../model/attribute-value.ts";
import type { SpanParts } from "../../model/make-span.ts";
import type { Resource, Scope, SpanEvent, SpanLink } from "../../model/span.ts";
import { EMPTY_SCOPE } from "../../model/span.ts";
import type { SpanStatus } from "../../model/span-status.ts";
import type { JsonObject } from "../json-shape.ts";
import { remoteEndpointFrom } from "./endpoints.ts";
import { ZipkinAttribute } from "./zipkin-attributes.ts";
import type { ZipkinAnnotation, ZipkinEndpoint, ZipkinReading } from "./zipkin-model.ts";

/** Senders repeat themselves: few services, few libraries. Kept for one list. */
const MAX_KEPT = 1_024;

/** A span ready to be made or encoded. Resource and scope are one object for all spans that share them. */
export type ZipkinSpanParts = Required<SpanParts>;

const NO_EVENTS: readonly SpanEvent[] = Object.freeze([]);
const NO_TAGS: ZipkinSpanParts["tags"] = Object.freeze({});
const NO_OTEL_PARTS: ReturnType<typeof otelParts> = Object.freeze({
  traceState: "",
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
  links: [],
});

/** Maps the spans of one list. */
export class ZipkinSpanMapping {
  readonly #resources = new Map<string, Resource>();
  readonly #scopes = new Map<string, Scope>();

  /**
   * One span. `otel.*` tags, as OpenTelemetry's exporters write them, become what they stand for; any other tag is an
   * attribute, and an `error` tag means the status ERROR too.
   */
  partsOf(reading: ZipkinReading): ZipkinSpanParts {
    const { timestamp, duration, annotations, tags } = reading;
    const startTimeUnixNano = BigInt(timestamp) * 1_000n;
    const own = new OwnTags(tags);
    const { status, statusMessage } = statusOf(own);
    const otel = own.hasOtel ? otelParts(own) : NO_OTEL_PARTS;
    const scope = own.hasOtel ? this.#scopeOf(own) : EMPTY_SCOPE;
    // One literal with every member: spans of all senders have one shape, which is what makes them fast to write.
    return {
      traceId: reading.traceId.length === 32 ? reading.traceId : reading.traceId.padStart(32, "0"),
      spanId: reading.id,
      parentSpanId: reading.parentId,
      name: reading.name,
      kind: reading.kind ?? "INTERNAL",
      startTimeUnixNano,
      endTimeUnixNano: startTimeUnixNano + BigInt(duration) * 1_000n,
      status,
      statusMessage,
      traceState: otel.traceState,
      droppedAttributesCount: otel.droppedAttributesCount,
      droppedEventsCount: otel.droppedEventsCount,
      droppedLinksCount: otel.droppedLinksCount,
      links: otel.links,
      scope,
      events: annotations.length === 0 ? NO_EVENTS : annotations.map(eventFromAnnotation),
      resource: this.#resourceOf(reading.localEndpoint),
      attributes: attributesOf(reading, own),
      tags: NO_TAGS,
      flags: 0,
    };
  }

  #resourceOf(endpoint: ZipkinEndpoint | undefined): Resource {
    const key =
      endpoint === undefined
        ? ""
        : `${endpoint.serviceName ?? ""}\n${endpoint.ipv4 ?? ""}\n${endpoint.ipv6 ?? ""}\n${endpoint.port ?? ""}`;
    return kept(this.#resources, key, () => resourceFrom(endpoint));
  }

  #scopeOf(own: OwnTags): Scope {
    const olderName = own.take("otel.library.name");
    const olderVersion = own.take("otel.library.version");
    const name = own.take("otel.scope.name") || olderName;
    const version = own.take("otel.scope.version") || olderVersion;
    if (name === "" && version === "") return EMPTY_SCOPE;
    return kept(this.#scopes, `${name}\n${version}`, () => ({ ...EMPTY_SCOPE, name, version }));
  }
}

function kept<Value>(known: Map<string, Value>, key: string, make: () => Value): Value {
  const there = known.get(key);
  if (there !== undefined) return there;
  const made = make();
  if (known.size < MAX_KEPT) known.set(key, made);
  return made;
}

/** Tags of a span; those that are taken are no attributes any more. */
class OwnTags {
  readonly hasOtel: boolean;
  readonly #tags: ReadonlyMap<string, string>;
  readonly #taken = new Set<string>();

  constructor(tags: ReadonlyMap<string, string>) {
    this.#tags = tags;
    let hasOtel = false;
    for (const key of tags.keys()) hasOtel ||= key.startsWith("otel.") || key === "w3c.tracestate";
    this.hasOtel = hasOtel;
  }

  get(key: string): string | undefined {
    return this.#tags.get(key);
  }

  take(key: string): string {
    const value = this.#tags.get(key);
    if (value === undefined) return "";
    this.#taken.add(key);
    return value;
  }

  addTo(attributes: Record<string, AttributeValue>): void {
    for (const [key, value] of this.#tags) {
      if (!this.#taken.has(key)) define(attributes, key, value);
    }
  }
}

/** A key like `__proto__` is an own member like any other. */
function define(attributes: Record<string, AttributeValue>, key: string, value: AttributeValue): void {
  if (key === "__proto__") {
    Object.defineProperty(attributes, key, { value, enumerable: true, configurable: true, writable: true });
  } else attributes[key] = value;
}

/** The service, its addresses as a resource has them, and the endpoint itself where the two do not say it all. */
function resourceFrom(endpoint: ZipkinEndpoint | undefined): Resource {
  const { serviceName, ipv4, ipv6, port } = endpoint ?? {};
  const addresses = [ipv4, ipv6].filter((address) => address !== undefined);
  const attributes: Attributes = {
    ...(serviceName === undefined ? {} : { "service.name": serviceName }),
    ...(addresses.length === 0 ? {} : { "host.ip": addresses }),
    ...(serviceName !== undefined && addresses.length === 0 && port === undefined
      ? {}
      : { [ZipkinAttribute.LOCAL_ENDPOINT]: attributesFromEndpoint(endpoint ?? {}) }),
  };
  return { attributes, droppedAttributesCount: 0, schemaUrl: "" };
}

function attributesFromEndpoint({ serviceName, ipv4, ipv6, port }: ZipkinEndpoint): Attributes {
  return {
    ...(serviceName === undefined ? {} : { serviceName }),
    ...(ipv4 === undefined ? {} : { ipv4 }),
    ...(ipv6 === undefined ? {} : { ipv6 }),
    ...(port === undefined ? {} : { port: BigInt(port) }),
  };
}

function attributesOf(reading: ZipkinReading, own: OwnTags): Attributes {
  const attributes: Record<string, AttributeValue> = {};
  if (reading.remoteEndpoint !== undefined) addRemote(attributes, reading, reading.remoteEndpoint);
  if (reading.isDebug) attributes[ZipkinAttribute.DEBUG] = true;
  if (reading.isShared) attributes[ZipkinAttribute.SHARED] = true;
  own.addTo(attributes);
  return attributes;
}

/**
 * The other side under OpenTelemetry's names where no tag has them, and as it is. Where the tags say all of it, as those
 * of OpenTelemetry's exporters do, nothing is added.
 */
function addRemote(
  attributes: Record<string, AttributeValue>,
  { kind, tags }: ZipkinReading,
  remote: ZipkinEndpoint,
): void {
  const isCaller = kind === "CLIENT" || kind === "PRODUCER";
  if (
    isCaller &&
    isSameEndpoint(
      remoteEndpointFrom((key) => tags.get(key) ?? ""),
      remote,
    )
  )
    return;
  const tagged: string[] = [];
  for (const [key, value] of peerAttributes(remote)) {
    const tag = tags.get(key);
    if (tag === undefined) attributes[key] = value;
    else if (tag === value) tagged.push(key);
  }
  attributes[ZipkinAttribute.REMOTE_ENDPOINT] = {
    ...attributesFromEndpoint(remote),
    ...(tagged.length === 0 ? {} : { tagged }),
  };
}

/** What the other side is called in OpenTelemetry's attributes. */
export function peerAttributes(remote: ZipkinEndpoint): (readonly [string, string | bigint])[] {
  const { serviceName, port } = remote;
  const address = remote.ipv4 ?? remote.ipv6;
  return [
    ...(serviceName === undefined ? [] : [["peer.service", serviceName] as const]),
    ...(address === undefined ? [] : [["network.peer.address", address] as const]),
    ...(port === undefined ? [] : [["network.peer.port", BigInt(port)] as const]),
  ];
}

function isSameEndpoint(left: ZipkinEndpoint | undefined, right: ZipkinEndpoint): boolean {
  return (
    left?.serviceName === right.serviceName &&
    left?.ipv4 === right.ipv4 &&
    left?.ipv6 === right.ipv6 &&
    left?.port === right.port
  );
}

/** What an `error` tag alone says: any text but "false" is an error, and its message unless it is a bare word. */
export function statusFromErrorTag(error: string | undefined): {
  readonly status: SpanStatus;
  readonly statusMessage: string;
} {
  if (error === undefined || error === "false") return { status: "UNSET", statusMessage: "" };
  return { status: "ERROR", statusMessage: error === "true" ? "" : error };
}

/** `otel.status_code` decides where it is; the `error` tag beside it is then the description and no attribute. */
function statusOf(own: OwnTags): { readonly status: SpanStatus; readonly statusMessage: string } {
  const word = own.hasOtel ? own.get("otel.status_code") : undefined;
  const byError = statusFromErrorTag(own.get("error"));
  if (word !== "OK" && word !== "ERROR") return byError;
  own.take("otel.status_code");
  const description = own.take("otel.status_description");
  if (word === "ERROR") own.take("error");
  return { status: word, statusMessage: description || byError.statusMessage };
}

function otelParts(own: OwnTags) {
  return {
    traceState: own.take("w3c.tracestate"),
    droppedAttributesCount: takeCount(own, "otel.dropped_attributes_count"),
    droppedEventsCount: takeCount(own, "otel.dropped_events_count"),
    droppedLinksCount: takeCount(own, "otel.dropped_links_count"),
    links: takeLinks(own),
  };
}

function takeCount(own: OwnTags, key: string): number {
  const text = own.get(key);
  if (text === undefined || !/^\d{1,9}$/.test(text)) return 0;
  own.take(key);
  return Number(text);
}

/** Links as TracAgg writes them; a tag of that name with other text stays a tag. */
function takeLinks(own: OwnTags): SpanLink[] {
  const links: SpanLink[] = [];
  for (let index = 0; ; index++) {
    const key = `otel.link.${index}`;
    const link = linkFromText(own.get(key));
    if (link === undefined) return links;
    links.push(link);
    own.take(key);
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

const OTEL_EVENT = /^("(?:[^"\\]|\\.)*"): (\{.*\})$/s;

/** `"name": {attributes}` as we write events with attributes, when it is exactly that; any other text is a name. */
function eventFromAnnotation({ timestamp, value }: ZipkinAnnotation): SpanEvent {
  const timeUnixNano = BigInt(timestamp) * 1_000n;
  const [, nameText, attributesText] = (value.startsWith('"') && OTEL_EVENT.exec(value)) || [];
  const name = parsedOrUndefined(nameText);
  const json = parsedOrUndefined(attributesText);
  if (typeof name === "string" && typeof json === "object" && json !== null) {
    const attributes = attributesFromJson(json as JsonObject);
    if (attributesText !== "{}" && otelEventText(name, attributes) === value) {
      return { name, timeUnixNano, attributes, droppedAttributesCount: 0 };
    }
  }
  return { name: value, timeUnixNano, attributes: {}, droppedAttributesCount: 0 };
}

/** An event with attributes, in the text of an annotation. */
export function otelEventText(name: string, attributes: Attributes): string {
  return `${JSON.stringify(name)}: ${JSON.stringify(plainJsonFromAttributes(attributes))}`;
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
