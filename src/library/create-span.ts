/** Makes a span by hand, as the original design does. */

import type { Clock } from "../base/clock.ts";
import { systemClock } from "../base/clock.ts";
import { TracAggError } from "../base/errors.ts";
import type { Attributes } from "../model/attribute-value.ts";
import { makeSpan } from "../model/make-span.ts";
import type { Span, SpanEvent, SpanLink } from "../model/span.ts";
import type { SpanKind } from "../model/span-kind.ts";
import { SpanKind as SpanKinds } from "../model/span-kind.ts";
import type { SpanStatus } from "../model/span-status.ts";
import { SpanStatus as SpanStatuses } from "../model/span-status.ts";
import { unixNanoFromIso } from "../model/time.ts";
import { createSpanId } from "./create-trace-id.ts";

/** A moment: nanoseconds since the Unix epoch, a Date, or ISO 8601 text with up to nine fractional digits. */
export type Moment = bigint | Date | string;

/** An event by its name; the time defaults to the span's start. */
export interface SpanEventOptions extends Partial<Omit<SpanEvent, "name">> {
  readonly name: string;
}

/** A link by the ids it points to. */
export interface SpanLinkOptions extends Partial<SpanLink> {
  readonly traceId: string;
  readonly spanId: string;
}

/** What {@link createSpan} makes a span from. */
export interface CreateSpanOptions {
  /** 32 hex digits, not all zero. */
  readonly traceId: string;
  readonly serviceName: string;
  readonly operationName: string;
  /** 0 or more; fractions down to the nanosecond. */
  readonly durationMs: number;
  /** 16 hex digits; absent for a root. */
  readonly parentSpanId?: string | undefined;
  /** 16 hex digits; a random one by default. */
  readonly spanId?: string | undefined;
  /** Default `INTERNAL`. */
  readonly kind?: SpanKind | undefined;
  /** Default `UNSET`. */
  readonly status?: SpanStatus | undefined;
  readonly statusMessage?: string | undefined;
  readonly attributes?: Attributes | undefined;
  /** Own labels. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly events?: readonly SpanEventOptions[] | undefined;
  readonly links?: readonly SpanLinkOptions[] | undefined;
  /** Default: now. */
  readonly startTime?: Moment | undefined;
  /** Where "now" comes from. Default: the machine's clock. */
  readonly clock?: Clock | undefined;
}

const NANOS_PER_MILLI = 1_000_000;

/**
 * Makes a span that starts at `startTime` and ends `durationMs` later.
 *
 * @example
 * const span = createSpan({
 *   traceId: createTraceId(),
 *   serviceName: "api-gateway",
 *   operationName: "GET /users",
 *   durationMs: 250,
 *   kind: SpanKind.SERVER,
 * });
 *
 * @throws TracAggError `invalid_argument` when an id, the duration, the kind, the status or the start is none.
 */
export function createSpan(options: CreateSpanOptions): Span {
  const startTimeUnixNano = startOf(options);
  const resource = {
    attributes: { "service.name": options.serviceName },
    droppedAttributesCount: 0,
    schemaUrl: "",
  };
  return makeSpan({
    traceId: hexId("traceId", options.traceId, 32),
    spanId: options.spanId === undefined ? createSpanId() : hexId("spanId", options.spanId, 16),
    parentSpanId:
      options.parentSpanId === undefined ? undefined : hexId("parentSpanId", options.parentSpanId, 16),
    name: options.operationName,
    kind: wordOf("kind", SpanKinds, options.kind ?? "INTERNAL"),
    startTimeUnixNano,
    endTimeUnixNano: startTimeUnixNano + nanosFromMillis(options.durationMs),
    status: wordOf("status", SpanStatuses, options.status ?? "UNSET"),
    statusMessage: options.statusMessage ?? "",
    attributes: { ...options.attributes },
    tags: { ...options.tags },
    events: (options.events ?? []).map((event) => eventFrom(event, startTimeUnixNano)),
    links: (options.links ?? []).map(linkFrom),
    resource,
  });
}

function startOf(options: CreateSpanOptions): bigint {
  const { startTime } = options;
  if (startTime === undefined) return nanosFromMillis((options.clock ?? systemClock).nowMillis());
  const nanos = typeof startTime === "bigint" ? startTime : unixNanoFromIso(isoText(startTime));
  if (nanos !== undefined && nanos >= 0n) return nanos;
  throw invalid("startTime", "ISO 8601 with a zone, a Date or nanoseconds, 1970 or later", String(startTime));
}

function isoText(moment: Date | string): string {
  if (typeof moment === "string") return moment;
  return Number.isNaN(moment.getTime()) ? "" : moment.toISOString();
}

function nanosFromMillis(millis: number): bigint {
  if (!Number.isFinite(millis) || millis < 0) {
    throw invalid("durationMs", "a number of milliseconds, 0 or more", String(millis));
  }
  const whole = Math.floor(millis);
  return BigInt(whole) * BigInt(NANOS_PER_MILLI) + BigInt(Math.round((millis - whole) * NANOS_PER_MILLI));
}

function hexId(field: string, text: string, digits: number): string {
  const id = String(text).toLowerCase();
  const isHex = id.length === digits && /^[0-9a-f]+$/.test(id);
  if (isHex && !/^0+$/.test(id)) return id;
  throw invalid(field, `${digits} hex digits, not all zero`, text);
}

function wordOf<Word extends string>(field: string, words: { readonly [W in Word]: W }, word: Word): Word {
  if (Object.hasOwn(words, word)) return word;
  throw invalid(field, `one of ${Object.keys(words).join(", ")}`, word);
}

function eventFrom(event: SpanEventOptions, startTimeUnixNano: bigint): SpanEvent {
  return { timeUnixNano: startTimeUnixNano, attributes: {}, droppedAttributesCount: 0, ...event };
}

function linkFrom(link: SpanLinkOptions): SpanLink {
  return {
    traceState: "",
    attributes: {},
    droppedAttributesCount: 0,
    flags: 0,
    ...link,
    traceId: hexId("links.traceId", link.traceId, 32),
    spanId: hexId("links.spanId", link.spanId, 16),
  };
}

function invalid(field: string, expected: string, got: string): TracAggError {
  return new TracAggError("invalid_argument", `${field}: expected ${expected}, got "${got}"`, { field });
}
