/** Traces as a query found them: which of their spans matched, and what is shown of those. */

import type { HeldBytes } from "../base/held-bytes.ts";
import type { TraceMatch } from "../filter/evaluator/pipeline.ts";
import { shownFields } from "../filter/evaluator/pipeline-fields.ts";
import type { SortKey } from "../filter/evaluator/sort-key.ts";
import { compareSortValues } from "../filter/evaluator/sort-key.ts";
import type { Spanset, SpansetAttribute } from "../filter/evaluator/spanset.ts";
import type { TraceFacts } from "../filter/evaluator/trace-facts.ts";
import { durationNanosAt } from "../filter/evaluator/trace-view.ts";
import type { Value } from "../filter/evaluator/values.ts";
import type { Field } from "../filter/query-model.ts";
import type { AttributeMap, AttributeValue } from "../model/attribute-value.ts";
import type { TraceSummary } from "../model/trace-summary.ts";
import { expressionText } from "../traceql/print-query.ts";
import { fieldText } from "../traceql/print-value.ts";

/** Spansets shown of one trace: grouping by what every span has alone would make as many as spans. */
const MAX_SPANSETS_SHOWN = 100;

/** Spans shown of one trace, of all its spansets. */
const MAX_SPANS_SHOWN_OF_TRACE = 1_000;
/** What a span, and a field of it, take beside their texts. */
const SPAN_BYTES = 300;
const FIELD_BYTES = 100;

/** A value with the text that asks for it. */
export interface FoundField {
  /** As TraceQL writes it: `span.http.status_code`, `span:duration`, `avg(span:duration)`. */
  readonly name: string;
  readonly value: Value;
}

/** A span that matched. */
export interface FoundSpan {
  readonly spanId: string;
  readonly name: string;
  readonly serviceName: string;
  readonly startTimeUnixNano: bigint;
  readonly durationNanos: bigint;
  /** What the query reads of it, and what it selects. */
  readonly fields: readonly FoundField[];
}

/** Spans of one trace that match together. */
export interface FoundSpanset {
  /** Spans in it. */
  readonly matched: number;
  /** What it was grouped by, and the aggregates that were compared. */
  readonly fields: readonly FoundField[];
  /** The earliest of them. */
  readonly spans: readonly FoundSpan[];
}

/** A trace that matched. */
export interface FoundTrace {
  readonly summary: TraceSummary;
  /** Spansets that matched. */
  readonly spansetCount: number;
  /** At most 100 of them. */
  readonly spansets: readonly FoundSpanset[];
}

/** Reads what is shown of traces that match. */
export function foundTraceReader(
  fields: readonly Field[],
  spansShown: number,
): (summary: TraceSummary, match: TraceMatch) => FoundTrace {
  const names = new Map(fields.map((field) => [field, fieldText(field)]));
  const shown = shownFields(fields);
  const spanAt = (trace: TraceFacts, span: number): FoundSpan => ({
    spanId: trace.view.spanId(span),
    name: trace.view.name(span),
    serviceName: trace.view.serviceName(span),
    startTimeUnixNano: trace.view.startTimeUnixNano(span),
    durationNanos: durationNanosAt(trace.view, span),
    fields: shown(trace, span).map(({ field, value }) => ({ name: names.get(field) as string, value })),
  });
  return (summary, { spansets, trace }) => {
    let left = MAX_SPANS_SHOWN_OF_TRACE;
    const spansetAt = ({ spans, attributes }: Spanset): FoundSpanset => {
      const some = spans.slice(0, Math.min(spansShown, left));
      left -= some.length;
      return {
        matched: spans.length,
        fields: attributes.map(fieldOf),
        spans: some.map((span) => spanAt(trace, span)),
      };
    };
    return {
      summary,
      spansetCount: spansets.length,
      spansets: spansets.slice(0, MAX_SPANSETS_SHOWN).map(spansetAt),
    };
  };
}

/** About the memory that a trace takes in an answer. */
export function bytesOf({ spansets }: FoundTrace): number {
  let bytes = SPAN_BYTES;
  for (const { fields, spans } of spansets) {
    bytes += fieldBytes(fields);
    for (const span of spans) bytes += SPAN_BYTES + fieldBytes(span.fields);
  }
  return bytes;
}

function fieldBytes(fields: readonly FoundField[]): number {
  let bytes = 0;
  for (const { value } of fields) bytes += FIELD_BYTES + valueBytes(value);
  return bytes;
}

/** Of a text its length; of what is put together that of its parts. */
function valueBytes(value: Value): number {
  if (typeof value === "string") return value.length * 2;
  if (typeof value !== "object") return 0;
  if (value.type === "opaque") return byteSizeOf(value.value);
  const parts = value.type === "array" ? value.elements : value.type === "several" ? value.values : [];
  return parts.reduce((sum: number, each) => sum + 16 + valueBytes(each), 0);
}

function fieldOf({ of, value }: SpansetAttribute): FoundField {
  if (of.node === "by") return { name: `by(${expressionText(of.field)})`, value };
  const field = of.field === undefined ? "" : expressionText(of.field);
  return { name: `${of.function}(${field})`, value };
}

/** Bytes as base64 write a third more; of a map what is in it. */
function byteSizeOf(value: AttributeValue): number {
  if (typeof value === "string") return value.length * 2;
  if (typeof value !== "object" || value === null) return 16;
  if (value instanceof Uint8Array) return value.length * 2;
  const parts = Array.isArray(value) ? value : Object.values(value as AttributeMap);
  return parts.reduce((sum: number, each: AttributeValue) => sum + 32 + byteSizeOf(each), 32);
}

interface Ranked {
  readonly bytes: number;
  readonly sortKey: SortKey | undefined;
  readonly trace: FoundTrace;
}

/** The first of what is offered, in the order asked for or else in the order of offers. */
export class BestTraces {
  readonly #size: number;
  readonly #held: HeldBytes;
  readonly #best: Ranked[] = [];

  /**
   * @param size 1 or more
   * @param held told what the traces take
   */
  constructor(size: number, held: HeldBytes) {
    this.#size = size;
    this.#held = held;
  }

  /** True when as many are kept as may be. */
  get isFull(): boolean {
    return this.#best.length >= this.#size;
  }

  /** True when a trace is among the first: it is worth reading then. */
  takes(sortKey: SortKey | undefined): boolean {
    return this.#placeOf(sortKey) < this.#size;
  }

  /** Takes a trace among the first. */
  add(sortKey: SortKey | undefined, trace: FoundTrace): void {
    const bytes = bytesOf(trace);
    this.#held.add(bytes);
    this.#best.splice(this.#placeOf(sortKey), 0, { bytes, sortKey, trace });
    if (this.#best.length > this.#size) this.#held.add(-(this.#best.pop() as Ranked).bytes);
  }

  /** The first ones. */
  traces(): FoundTrace[] {
    return this.#best.map(({ trace }) => trace);
  }

  /** Behind everything that comes no later: of equal ones the one that was offered first is first. */
  #placeOf(sortKey: SortKey | undefined): number {
    if (sortKey === undefined) return this.#best.length;
    let low = 0;
    let high = this.#best.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const known = this.#best[middle]?.sortKey;
      if (compareSortValues(known?.value, sortKey.value, sortKey.direction) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
