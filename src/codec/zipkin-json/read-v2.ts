/** Zipkin's v2 JSON, by the rules of its own reader: one fault refuses the whole list. */

import { endpointIn } from "./read-endpoint.ts";
import type { Place } from "./read-fault.ts";
import { amountIn, incompleteFault, listIn, objectIn, readingFault, textIn, truthIn } from "./read-fault.ts";
import { normalParentId, normalSpanId, normalTraceId } from "./zipkin-ids.ts";
import type { ZipkinAnnotation, ZipkinKind, ZipkinReading } from "./zipkin-model.ts";

type Json = Readonly<Record<string, unknown>>;

const KINDS: ReadonlySet<string> = new Set(["CLIENT", "SERVER", "PRODUCER", "CONSUMER"]);
const NO_ANNOTATIONS: readonly ZipkinAnnotation[] = Object.freeze([]);
const NO_TAGS: ReadonlyMap<string, string> = new Map();

/**
 * The spans of a parsed list.
 *
 * @throws TracAggError `invalid_argument` with Zipkin's message
 */
export function readingsFromV2(spans: readonly unknown[]): ZipkinReading[] {
  return spans.map((span, index) => readingFromV2(objectIn(span), index));
}

function readingFromV2(span: Json, index: number): ZipkinReading {
  const { traceId, id } = idsIn(span, [index]);
  const kind = kindIn(span["kind"], index);
  return {
    traceId,
    parentId: parentIdIn(span["parentId"], id, [index, "parentId"]),
    id,
    kind,
    name: isThere(span["name"]) ? textIn(span["name"], [index, "name"]) : "",
    timestamp: isThere(span["timestamp"]) ? amountIn(span["timestamp"], [index, "timestamp"]) : 0,
    duration: isThere(span["duration"]) ? amountIn(span["duration"], [index, "duration"]) : 0,
    localEndpoint: isThere(span["localEndpoint"])
      ? endpointIn(span["localEndpoint"], [index, "localEndpoint"])
      : undefined,
    remoteEndpoint: isThere(span["remoteEndpoint"])
      ? endpointIn(span["remoteEndpoint"], [index, "remoteEndpoint"])
      : undefined,
    annotations: isThere(span["annotations"]) ? annotationsIn(span["annotations"], index) : NO_ANNOTATIONS,
    tags: isThere(span["tags"]) ? tagsIn(span["tags"], index) : NO_TAGS,
    isDebug: isThere(span["debug"]) && truthIn(span["debug"], [index, "debug"]),
    isShared: isThere(span["shared"]) && truthIn(span["shared"], [index, "shared"]) && kind !== "CLIENT",
  };
}

/** Whether a member is there: absent and null are the same, but for ids. */
export function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** The two ids that every span has. */
export function idsIn(span: Json, place: Place): { readonly traceId: string; readonly id: string } {
  const { traceId, id } = span;
  if (traceId === undefined || id === undefined) {
    const missing = [traceId === undefined ? " traceId" : "", id === undefined ? " id" : ""].join("");
    throw readingFault(`Missing :${missing}`);
  }
  return {
    traceId: normalTraceId(textIn(traceId, [...place, "traceId"]), readingFault),
    id: normalSpanId(textIn(id, [...place, "id"]), readingFault),
  };
}

/** The parent, unless it is the span itself. */
export function parentIdIn(value: unknown, id: string, place: Place): string | undefined {
  if (!isThere(value)) return undefined;
  const parentId = normalParentId(textIn(value, place), readingFault);
  return parentId === id ? undefined : parentId;
}

function kindIn(value: unknown, index: number): ZipkinKind | undefined {
  if (!isThere(value)) return undefined;
  const kind = textIn(value, [index, "kind"]);
  if (KINDS.has(kind)) return kind as ZipkinKind;
  throw readingFault(`No enum constant zipkin2.Span.Kind.${kind}`);
}

function annotationsIn(value: unknown, index: number): readonly ZipkinAnnotation[] {
  const list = listIn(value, [index, "annotations"]);
  return sortedAnnotations(
    list.map((item, at) => {
      const { timestamp, value: text } = objectIn(item);
      const place = [index, "annotations", at] as const;
      if (timestamp === undefined || text === undefined)
        throw incompleteFault("Incomplete annotation", place);
      return {
        timestamp: amountIn(timestamp, [...place, "timestamp"]),
        value: textIn(text, [...place, "value"]),
      };
    }),
  );
}

/** By time, then text; what is there twice stays once. */
export function sortedAnnotations(annotations: ZipkinAnnotation[]): readonly ZipkinAnnotation[] {
  if (annotations.length < 2) return annotations;
  annotations.sort(
    (left, right) =>
      left.timestamp - right.timestamp ||
      (left.value < right.value ? -1 : left.value === right.value ? 0 : 1),
  );
  return annotations.filter(
    ({ timestamp, value }, at) =>
      at === 0 || annotations[at - 1]?.timestamp !== timestamp || annotations[at - 1]?.value !== value,
  );
}

function tagsIn(value: unknown, index: number): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const [key, tag] of Object.entries(objectIn(value))) {
    if (tag === null) throw incompleteFault("No value", [index, "tags", key]);
    tags.set(key, typeof tag === "string" ? tag : textIn(tag, [index, "tags", key]));
  }
  return tags;
}
