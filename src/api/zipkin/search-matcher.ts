/** Zipkin's search, asked of one whole trace. */

import type { Steps } from "../../base/time-slice.ts";
import type { ZipkinSpan } from "../../codec/zipkin-json/zipkin-model.ts";
import type { Span } from "../../model/span.ts";
import type { ZipkinCriteria } from "../../query/zipkin-criteria.ts";
import type { ZipkinTraceText } from "../../query/zipkin-search.ts";
import { facadeSpan } from "./facade-span.ts";

/** Spans written between two chances for others to run. */
const SPANS_PER_STEP = 64;

/** Of when, in epoch microseconds, both inclusive. */
export interface MicrosRange {
  readonly startMicros: number;
  readonly endMicros: number;
}

/**
 * Prepares a search: the function gives the text of a trace that matches.
 *
 * Every criterion has to be met by some span, not all by one; with a service only its spans count. A trace is of the
 * time of its root, else of its earliest span.
 */
export function zipkinTraceReader(
  criteria: ZipkinCriteria,
  { startMicros, endMicros }: MicrosRange,
): (spans: readonly Span[]) => Steps<ZipkinTraceText | undefined> {
  return function* read(spans) {
    const timestampMicros = traceTimeOf(spans);
    if (timestampMicros === undefined || timestampMicros < startMicros || timestampMicros > endMicros) return;
    const written: ZipkinSpan[] = [];
    const left = new OpenCriteria(criteria);
    for (const [index, span] of spans.entries()) {
      const zipkin = facadeSpan(span);
      left.ask(zipkin);
      written.push(zipkin);
      if (index % SPANS_PER_STEP === SPANS_PER_STEP - 1) yield SPANS_PER_STEP;
    }
    return left.areMet ? { pieces: yield* jsonOf(written), timestampMicros } : undefined;
  };
}

/** A list as JSON, in pieces. */
function* jsonOf(spans: readonly ZipkinSpan[]): Steps<string[]> {
  const pieces = ["["];
  for (let start = 0; start < spans.length; start += SPANS_PER_STEP) {
    const some = spans.slice(start, start + SPANS_PER_STEP);
    pieces.push((start === 0 ? "" : ",") + JSON.stringify(some).slice(1, -1));
    yield some.length;
  }
  pieces.push("]");
  return pieces;
}

/** Undefined for a trace without any time: Zipkin finds none such. */
function traceTimeOf(spans: readonly Span[]): number | undefined {
  let earliest: number | undefined;
  for (const { startTimeUnixNano, parentSpanId } of spans) {
    const micros = Number(startTimeUnixNano / 1_000n);
    if (micros === 0) continue;
    if (parentSpanId === undefined) return micros;
    if (earliest === undefined || micros < earliest) earliest = micros;
  }
  return earliest;
}

/** What no span has met yet. */
class OpenCriteria {
  readonly #serviceName: string | undefined;
  #isServiceOpen: boolean;
  #remoteServiceName: string | undefined;
  #spanName: string | undefined;
  #isDurationOpen: boolean;
  readonly #minMicros: number;
  readonly #maxMicros: number;
  readonly #annotations: Map<string, string>;

  constructor(criteria: ZipkinCriteria) {
    this.#serviceName = criteria.serviceName;
    this.#isServiceOpen = criteria.serviceName !== undefined;
    this.#remoteServiceName = criteria.remoteServiceName;
    this.#spanName = criteria.spanName;
    this.#isDurationOpen = criteria.minDurationMicros !== undefined;
    this.#minMicros = Number(criteria.minDurationMicros ?? 0n);
    this.#maxMicros = Number(criteria.maxDurationMicros ?? Number.MAX_SAFE_INTEGER);
    this.#annotations = new Map(criteria.annotationQuery);
  }

  get areMet(): boolean {
    return (
      !this.#isServiceOpen &&
      this.#remoteServiceName === undefined &&
      this.#spanName === undefined &&
      !this.#isDurationOpen &&
      this.#annotations.size === 0
    );
  }

  ask(span: ZipkinSpan): void {
    if (this.#serviceName !== undefined && span.localEndpoint?.serviceName !== this.#serviceName) return;
    this.#isServiceOpen = false;
    if (span.remoteEndpoint?.serviceName === this.#remoteServiceName) this.#remoteServiceName = undefined;
    if (span.name === this.#spanName) this.#spanName = undefined;
    const { duration } = span;
    if (duration !== undefined && duration >= this.#minMicros && duration <= this.#maxMicros) {
      this.#isDurationOpen = false;
    }
    for (const [key, value] of this.#annotations) {
      if (hasAnnotation(span, key, value)) this.#annotations.delete(key);
    }
  }
}

function hasAnnotation({ tags = {}, annotations = [] }: ZipkinSpan, key: string, value: string): boolean {
  const hasTag = Object.hasOwn(tags, key);
  if (value !== "") return hasTag && tags[key] === value;
  return hasTag || annotations.some((annotation) => annotation.value === key);
}
