/** Builds spans and traces for tests from a few words. */

import type { Attributes } from "../../src/model/attribute-value.ts";
import type { Span, SpanEvent } from "../../src/model/span.ts";
import { EMPTY_SCOPE } from "../../src/model/span.ts";
import type { SpanKind } from "../../src/model/span-kind.ts";
import type { SpanStatus } from "../../src/model/span-status.ts";
import { durationMsBetween, isoFromUnixNano } from "../../src/model/time.ts";
import type { Trace } from "../../src/model/trace.ts";
import { traceFromSpans } from "../../src/model/trace.ts";

/** Moment 0 of every built trace: 2023-11-14T22:13:20Z. */
export const BUILDER_START_UNIX_NANO = 1_700_000_000_000_000_000n;

/** One span in words. `id`, `parent` and link targets are free names; equal names give equal ids. */
export interface SpanSketch {
  readonly id: string;
  readonly parent?: string;
  readonly service?: string;
  readonly name?: string;
  readonly kind?: SpanKind;
  /** Start and end in milliseconds (fractions allowed) after {@link BUILDER_START_UNIX_NANO}. */
  readonly at: readonly [number, number];
  readonly status?: SpanStatus;
  readonly attributes?: Attributes;
  readonly resourceAttributes?: Attributes;
  readonly events?: readonly SpanEvent[];
  /** Names of spans in the same trace, or `trace/span` for another one. */
  readonly links?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
}

/** The span id (16 hex digits) that a name stands for. */
export function spanIdOf(name: string): string {
  return hashHex(name, 16);
}

/** The trace id (32 hex digits) that a name stands for. */
export function traceIdOf(name: string): string {
  return hashHex(name, 32);
}

/**
 * A trace of the given spans.
 *
 * @example
 * buildTrace("checkout-with-retry",
 *   { id: "checkout", service: "shop", kind: "SERVER", at: [0, 100] },
 *   { id: "pay", parent: "checkout", service: "shop", kind: "CLIENT", at: [10, 90] });
 */
export function buildTrace(traceName: string, ...sketches: readonly SpanSketch[]): Trace {
  return traceFromSpans(sketches.map((sketch) => buildSpan(traceName, sketch)));
}

/** One span of the trace with that name. Service defaults to "service", name to the id's word, kind to INTERNAL. */
export function buildSpan(traceName: string, sketch: SpanSketch): Span {
  const start = unixNanoAt(sketch.at[0]);
  const end = unixNanoAt(sketch.at[1]);
  const service = sketch.service ?? "service";
  const name = sketch.name ?? sketch.id;
  return {
    traceId: traceIdOf(traceName),
    spanId: spanIdOf(sketch.id),
    parentSpanId: sketch.parent === undefined ? undefined : spanIdOf(sketch.parent),
    name,
    kind: sketch.kind ?? "INTERNAL",
    startTime: isoFromUnixNano(start),
    endTime: isoFromUnixNano(end),
    startTimeUnixNano: start,
    endTimeUnixNano: end,
    durationMs: durationMsBetween(start, end),
    status: sketch.status ?? "UNSET",
    statusMessage: "",
    serviceName: service,
    operationName: name,
    attributes: sketch.attributes ?? {},
    events: sketch.events ?? [],
    links: (sketch.links ?? []).map((link) => linkTo(traceName, link)),
    tags: sketch.tags ?? {},
    resource: {
      attributes: { "service.name": service, ...sketch.resourceAttributes },
      droppedAttributesCount: 0,
      schemaUrl: "",
    },
    scope: EMPTY_SCOPE,
    traceState: "",
    flags: 0,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** Nanoseconds of a moment in milliseconds after the builder's start. */
export function unixNanoAt(millis: number): bigint {
  return BUILDER_START_UNIX_NANO + BigInt(Math.round(millis * 1e6));
}

function linkTo(traceName: string, target: string): Span["links"][number] {
  const parts = target.split("/");
  const isElsewhere = parts.length === 2;
  return {
    traceId: traceIdOf(isElsewhere ? (parts[0] as string) : traceName),
    spanId: spanIdOf(isElsewhere ? (parts[1] as string) : target),
    traceState: "",
    attributes: {},
    droppedAttributesCount: 0,
    flags: 0,
  };
}

/** FNV-1a with one seed per 32 bits: short, stable, and never zero for the names tests use. */
function hashHex(name: string, digits: number): string {
  let hex = "";
  for (let seed = 0; hex.length < digits; seed++) {
    let hash = 0x811c9dc5 ^ seed;
    for (const character of `${name}#${seed}`) {
      hash = Math.imul(hash ^ (character.codePointAt(0) as number), 0x01000193);
    }
    hex += (hash >>> 0).toString(16).padStart(8, "0");
  }
  return hex;
}
