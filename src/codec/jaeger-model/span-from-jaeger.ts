/** What Jaeger says of a span, in whatever encoding it came, to TracAgg's model: the one mapping of all decoders. */

import type { Attributes, AttributeValue } from "../../model/attribute-value.ts";
import { makeSpan } from "../../model/make-span.ts";
import type { Resource, Span, SpanEvent, SpanLink } from "../../model/span.ts";
import type { SpanKind } from "../../model/span-kind.ts";
import type { SpanStatus } from "../../model/span-status.ts";
import { MISSING_SERVICE, NO_RESOURCE_SERVICE } from "../jaeger-json/jaeger-model.ts";

/** Tags by key, in the order they came; of a key that is repeated the last value counts. */
export type JaegerTags = Map<string, AttributeValue>;

/** A pointer to another span. */
export interface JaegerReferenceParts {
  readonly isChildOf: boolean;
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
}

/** A span as Jaeger's encodings have it in common. The tags are used up. */
export interface JaegerSpanParts {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** Named beside the references by older senders; undefined when it is not. */
  readonly parentSpanId: string | undefined;
  readonly operationName: string;
  readonly references: readonly JaegerReferenceParts[];
  /** Bit 0 is "sampled", bit 1 "debug". */
  readonly flags: number;
  readonly startTimeUnixNano: bigint;
  readonly durationNanos: bigint;
  readonly tags: JaegerTags;
  readonly logs: readonly { readonly timeUnixNano: bigint; readonly fields: JaegerTags }[];
  readonly warnings: readonly string[];
  readonly resource: Resource;
}

/** Where Jaeger keeps what it has to say about a span while that is OTLP. */
export const WARNINGS_KEY = "@jaeger@warnings";
/** Says that the sender had asked for the span to be kept whatever the sampler said. */
export const DEBUG_KEY = "jaeger.debug";

const SAMPLED_BIT = 1;
const DEBUG_BIT = 2;
const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;
const ALL_ZERO = /^0+$/;

const KIND_BY_WORD: ReadonlyMap<unknown, SpanKind> = new Map<unknown, SpanKind>([
  ["client", "CLIENT"],
  ["server", "SERVER"],
  ["producer", "PRODUCER"],
  ["consumer", "CONSUMER"],
  ["internal", "INTERNAL"],
]);

/** A resource of a process: its name as `service.name`, its tags, `hostname` as `host.name`. The tags are used up. */
export function resourceFromJaegerProcess(serviceName: string, tags: JaegerTags): Resource {
  const hasName =
    serviceName !== "" && serviceName !== NO_RESOURCE_SERVICE && serviceName !== MISSING_SERVICE;
  const hostname = tags.get("hostname");
  if (hostname !== undefined && !tags.has("host.name")) {
    tags.delete("hostname");
    tags.set("host.name", hostname);
  }
  const named: JaegerTags = hasName ? new Map([["service.name", serviceName], ...tags]) : tags;
  return { attributes: attributesOf(named), droppedAttributesCount: 0, schemaUrl: "" };
}

/**
 * The span. Tags that OTLP has members for become those; the debug bit becomes the attribute `jaeger.debug`; times that
 * cannot be are moved to the nearest that can, and warnings, those about that included, become `@jaeger@warnings`.
 */
export function spanFromJaeger(parts: JaegerSpanParts): Span {
  const { tags, traceId, resource } = parts;
  const warnings = [...parts.warnings];
  const startTimeUnixNano = storableTime(parts.startTimeUnixNano, "start time", warnings);
  const endTimeUnixNano = endTime(parts.durationNanos, startTimeUnixNano, warnings);
  const { parentSpanId, links } = parentAndLinks(parts);
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
  const traceState = takeText(tags, "w3c.tracestate");
  const events = parts.logs.map(({ timeUnixNano, fields }): SpanEvent => {
    const name = takeText(fields, "event");
    const time = storableTime(timeUnixNano, "time of a log", warnings);
    return { name, timeUnixNano: time, attributes: attributesOf(fields), droppedAttributesCount: 0 };
  });
  if ((parts.flags & DEBUG_BIT) !== 0) tags.set(DEBUG_KEY, true);
  if (warnings.length > 0) tags.set(WARNINGS_KEY, warnings);
  return makeSpan({
    traceId,
    spanId: parts.spanId,
    parentSpanId,
    name: parts.operationName,
    kind: kind ?? "UNSPECIFIED",
    startTimeUnixNano,
    endTimeUnixNano,
    status,
    statusMessage,
    traceState,
    attributes: attributesOf(tags),
    events,
    links,
    resource,
    scope,
    flags: parts.flags & SAMPLED_BIT,
  });
}

/**
 * The parent that is named beside the references, else the first CHILD_OF of the same trace, else the first FOLLOWS_FROM
 * of it; the rest are links.
 */
function parentAndLinks({ traceId, parentSpanId, references }: JaegerSpanParts): {
  readonly parentSpanId: string | undefined;
  readonly links: readonly SpanLink[];
} {
  const told = references.filter((reference) => isId(reference.traceId) && isId(reference.spanId));
  const inTrace = told.filter((reference) => reference.traceId === traceId);
  const children = inTrace.filter((reference) => reference.isChildOf);
  const named = parentSpanId !== undefined && isId(parentSpanId) ? parentSpanId : undefined;
  const parent =
    named === undefined
      ? (children[0] ?? inTrace[0])
      : children.find((reference) => reference.spanId === named);
  const links = told
    .filter((reference) => reference !== parent)
    .map((reference) => ({
      traceId: reference.traceId,
      spanId: reference.spanId,
      traceState: "",
      attributes: { "opentracing.ref_type": reference.isChildOf ? "child_of" : "follows_from" },
      droppedAttributesCount: 0,
      flags: 0,
    }));
  return { parentSpanId: named ?? parent?.spanId, links };
}

/** References to nothing, as some senders write them for a root, are no links. */
function isId(text: string): boolean {
  return !ALL_ZERO.test(text);
}

/** `error` = true wins over `otel.status_code`; failing both, the HTTP status code decides. */
function takeStatus(tags: JaegerTags): { readonly status: SpanStatus; readonly statusMessage: string } {
  const word = tags.get("otel.status_code");
  const isError = tags.get("error") === true || tags.get("error") === "true";
  const status = isError ? "ERROR" : word === "OK" || word === "ERROR" ? word : statusFromHttp(tags);
  if (isError) tags.delete("error");
  if (word === "OK" || word === "ERROR") tags.delete("otel.status_code");
  return { status, statusMessage: takeText(tags, "otel.status_description") };
}

function statusFromHttp(tags: JaegerTags): SpanStatus {
  const value = tags.get("http.status_code");
  if (typeof value !== "bigint" && typeof value !== "number" && typeof value !== "string") return "UNSET";
  const code = Number(value);
  const lowestError = tags.get("span.kind") === "client" ? 400 : 500;
  return code >= lowestError && code < 600 ? "ERROR" : "UNSET";
}

function takeText(tags: JaegerTags, key: string): string {
  const value = tags.get(key);
  if (typeof value !== "string") return "";
  tags.delete(key);
  return value;
}

function storableTime(time: bigint, what: string, warnings: string[]): bigint {
  if (time >= 0n && time <= MAX_UINT64) return time;
  const stored = time < 0n ? 0n : MAX_UINT64;
  warnings.push(`${what}: ${time} ns since 1970 cannot be stored, ${stored} is`);
  return stored;
}

function endTime(durationNanos: bigint, startTimeUnixNano: bigint, warnings: string[]): bigint {
  if (durationNanos < 0n) {
    warnings.push(`duration: ${durationNanos} ns is less than none, 0 is stored`);
    return startTimeUnixNano;
  }
  return storableTime(startTimeUnixNano + durationNanos, "end time", warnings);
}

/** Object.fromEntries defines own members, so a key like `__proto__` is safe. */
function attributesOf(tags: JaegerTags): Attributes {
  return Object.fromEntries(tags);
}
