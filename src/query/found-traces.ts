/** Traces as a query found them: which of their spans matched, and what is shown of those. */

import type { TraceMatch } from "../filter/evaluator/pipeline.ts";
import { shownFields } from "../filter/evaluator/pipeline-fields.ts";
import type { SortKey } from "../filter/evaluator/sort-key.ts";
import { compareSortValues } from "../filter/evaluator/sort-key.ts";
import type { Spanset, SpansetAttribute } from "../filter/evaluator/spanset.ts";
import type { TraceFacts } from "../filter/evaluator/trace-facts.ts";
import { durationNanosAt } from "../filter/evaluator/trace-view.ts";
import type { Value } from "../filter/evaluator/values.ts";
import type { Field } from "../filter/query-model.ts";
import type { TraceSummary } from "../model/trace-summary.ts";
import { expressionText } from "../traceql/print-query.ts";
import { fieldText } from "../traceql/print-value.ts";

/** Spansets shown of one trace: grouping by what every span has alone would make as many as spans. */
const MAX_SPANSETS_SHOWN = 100;

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
  const spansetAt = (trace: TraceFacts, { spans, attributes }: Spanset): FoundSpanset => ({
    matched: spans.length,
    fields: attributes.map(fieldOf),
    spans: spans.slice(0, spansShown).map((span) => spanAt(trace, span)),
  });
  return (summary, { spansets, trace }) => ({
    summary,
    spansetCount: spansets.length,
    spansets: spansets.slice(0, MAX_SPANSETS_SHOWN).map((spanset) => spansetAt(trace, spanset)),
  });
}

function fieldOf({ of, value }: SpansetAttribute): FoundField {
  if (of.node === "by") return { name: `by(${expressionText(of.field)})`, value };
  const field = of.field === undefined ? "" : expressionText(of.field);
  return { name: `${of.function}(${field})`, value };
}

interface Ranked {
  readonly sortKey: SortKey | undefined;
  readonly trace: FoundTrace;
}

/** The first of what is offered, in the order asked for or else in the order of offers. */
export class BestTraces {
  readonly #size: number;
  readonly #best: Ranked[] = [];

  /** @param size 1 or more */
  constructor(size: number) {
    this.#size = size;
  }

  /** True when as many are kept as may be. */
  get isFull(): boolean {
    return this.#best.length >= this.#size;
  }

  /** Offers a trace; it is read only when it is among the first. */
  offer(sortKey: SortKey | undefined, read: () => FoundTrace): void {
    const place = this.#placeOf(sortKey);
    if (place >= this.#size) return;
    this.#best.splice(place, 0, { sortKey, trace: read() });
    if (this.#best.length > this.#size) this.#best.pop();
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
