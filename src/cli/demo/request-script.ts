/** Writes the spans of one request the way code runs: calls inside calls, time moving on. */

import type { Attributes, AttributeValue } from "../../model/attribute-value.ts";
import { makeSpan } from "../../model/make-span.ts";
import type { Resource, Scope, Span, SpanEvent, SpanLink } from "../../model/span.ts";
import type { SpanKind } from "../../model/span-kind.ts";
import type { SpanStatus } from "../../model/span-status.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** What is known of a span when it begins. */
export interface SpanStart {
  readonly service: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes?: Attributes;
  readonly links?: readonly SpanLink[];
}

/** Ids that a message carries to its consumers. */
export interface SpanPlace {
  readonly traceId: string;
  readonly spanId: string;
}

/** What a service runs as in a trace. */
export type ResourceChoice = (service: string, traceId: string) => Resource;

interface OpenSpan {
  readonly start: SpanStart;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly startNanos: number;
  readonly attributes: Record<string, AttributeValue>;
  readonly events: (Omit<SpanEvent, "timeUnixNano"> & { readonly atNanos: number })[];
  status: SpanStatus;
  statusMessage: string;
}

/** A span whose times count from the start of the script. */
interface EndedSpan extends OpenSpan {
  readonly endNanos: number;
}

const SCOPE: Scope = Object.freeze({
  name: "tracagg.demo",
  version: "1.0.0",
  attributes: Object.freeze({}),
  droppedAttributesCount: 0,
  schemaUrl: "",
});

/** The spans of one trace; moments are nanoseconds after the start of the request. */
export class RequestScript {
  readonly traceId: string;
  readonly #random: SeededRandom;
  readonly #resources: ResourceChoice;
  readonly #ended: EndedSpan[] = [];
  readonly #open: OpenSpan[] = [];
  #nowNanos: number;

  /** @param options.startNanos - when the trace starts, for one that follows another. */
  constructor(options: {
    readonly random: SeededRandom;
    readonly resources: ResourceChoice;
    readonly startNanos?: number;
  }) {
    this.#random = options.random;
    this.#resources = options.resources;
    this.#nowNanos = options.startNanos ?? 0;
    this.traceId = options.random.hex(32);
  }

  /** The moment the script is at. */
  get nowNanos(): number {
    return this.#nowNanos;
  }

  /** The latest end of a span so far. */
  get endNanos(): number {
    return this.#ended.reduce((latest, span) => Math.max(latest, span.endNanos), 0);
  }

  /** Lets time pass: a random length between two numbers of milliseconds. */
  work(leastMillis: number, mostMillis: number): void {
    const millis = leastMillis + this.#random.next() * (mostMillis - leastMillis);
    this.#nowNanos += Math.round(millis * 1e6);
  }

  /** A span around what `body` does. */
  span<Result>(start: SpanStart, body: (place: SpanPlace) => Result): Result {
    const open: OpenSpan = {
      start,
      spanId: this.#random.hex(16),
      parentSpanId: this.#open.at(-1)?.spanId,
      startNanos: this.#nowNanos,
      attributes: { ...start.attributes },
      events: [],
      status: "UNSET",
      statusMessage: "",
    };
    this.#open.push(open);
    const result = body({ traceId: this.traceId, spanId: open.spanId });
    this.#open.pop();
    this.#ended.push({ ...open, endNanos: this.#nowNanos });
    return result;
  }

  /** Runs branches side by side: each starts now, and time goes on when the last has ended. */
  parallel(branches: readonly (() => void)[]): void {
    const startNanos = this.#nowNanos;
    let endNanos = startNanos;
    for (const branch of branches) {
      this.#nowNanos = startNanos;
      branch();
      endNanos = Math.max(endNanos, this.#nowNanos);
    }
    this.#nowNanos = endNanos;
  }

  /** Sets an attribute of the current span. */
  set(key: string, value: AttributeValue): void {
    const open = this.#open.at(-1);
    if (open !== undefined) open.attributes[key] = value;
  }

  /** Records something that happens now in the current span. */
  event(name: string, attributes: Attributes): void {
    this.#open.at(-1)?.events.push({ name, attributes, droppedAttributesCount: 0, atNanos: this.#nowNanos });
  }

  /** Marks the current span as failed. */
  fail(message: string): void {
    const open = this.#open.at(-1);
    if (open === undefined) return;
    open.status = "ERROR";
    open.statusMessage = message;
  }

  /** The spans, with moment 0 at `startUnixNano`. */
  spans(startUnixNano: bigint): Span[] {
    return this.#ended.map((ended) => {
      const { start, events } = ended;
      return makeSpan({
        traceId: this.traceId,
        spanId: ended.spanId,
        parentSpanId: ended.parentSpanId,
        name: start.name,
        kind: start.kind,
        startTimeUnixNano: startUnixNano + BigInt(ended.startNanos),
        endTimeUnixNano: startUnixNano + BigInt(ended.endNanos),
        status: ended.status,
        statusMessage: ended.statusMessage,
        attributes: ended.attributes,
        links: start.links ?? [],
        events: events.map(({ atNanos, ...event }) => ({
          ...event,
          timeUnixNano: startUnixNano + BigInt(atNanos),
        })),
        resource: this.#resources(start.service, this.traceId),
        scope: SCOPE,
        flags: 1,
      });
    });
  }
}
