/** The view of a trace that is there as rows of batches. */

import { attributeIn } from "../../batch/attribute-scan.ts";
import { lazySpan } from "../../batch/lazy-span.ts";
import { OtlpFieldNumber } from "../../batch/otlp-schema.ts";
import { scopeOf } from "../../batch/row-envelope.ts";
import { parentSpanIdOf, spanIdOf, traceIdOf } from "../../batch/row-ids.ts";
import { nameOf, resourceEntryOf, scopeEntryOf, serviceNameOf } from "../../batch/row-names.ts";
import { eventsOf, linksOf, statusMessageOf } from "../../batch/row-parts.ts";
import type { ScopeEntry, SpanRow } from "../../batch/span-batch.ts";
import type { AttributeValue } from "../../model/attribute-value.ts";
import type { Scope, Span, SpanEvent, SpanLink } from "../../model/span.ts";
import { SPAN_KIND_BY_NUMBER } from "../../model/span-kind.ts";
import { SPAN_STATUS_BY_NUMBER } from "../../model/span-status.ts";
import type { AttributeKey, TraceView } from "./trace-view.ts";

class RowTraceView implements TraceView {
  readonly #rows: readonly SpanRow[];
  /** Many spans share a scope, so it is decoded once. */
  readonly #scopes = new Map<ScopeEntry, Scope>();
  readonly #analysed: Span[] = [];
  /** Of the span asked for last: conditions are asked of one span after the other. */
  #events: { readonly span: number; readonly all: readonly SpanEvent[] } | undefined;
  #links: { readonly span: number; readonly all: readonly SpanLink[] } | undefined;
  readonly spanCount: number;

  constructor(rows: readonly SpanRow[]) {
    this.#rows = rows;
    this.spanCount = rows.length;
  }

  get traceId(): string {
    const [first] = this.#rows;
    return first === undefined ? "" : traceIdOf(first);
  }
  spanId(span: number): string {
    return spanIdOf(this.#row(span));
  }
  parentSpanId(span: number): string | undefined {
    return parentSpanIdOf(this.#row(span));
  }
  name(span: number): string {
    return nameOf(this.#row(span));
  }
  serviceName(span: number): string {
    return serviceNameOf(this.#row(span));
  }
  kind(span: number): number {
    const { batch, row } = this.#row(span);
    const kind = batch.kinds[row] as number;
    return kind < SPAN_KIND_BY_NUMBER.length ? kind : 0;
  }
  status(span: number): number {
    const { batch, row } = this.#row(span);
    const status = batch.statusCodes[row] as number;
    return status < SPAN_STATUS_BY_NUMBER.length ? status : 0;
  }
  statusMessage(span: number): string {
    return statusMessageOf(this.#row(span));
  }
  startTimeUnixNano(span: number): bigint {
    const { batch, row } = this.#row(span);
    return batch.startTimesUnixNano[row] as bigint;
  }
  endTimeUnixNano(span: number): bigint {
    const { batch, row } = this.#row(span);
    return batch.endTimesUnixNano[row] as bigint;
  }
  spanAttribute(span: number, key: AttributeKey): AttributeValue | undefined {
    const { batch, row } = this.#row(span);
    const start = batch.spanStarts[row] as number;
    const end = batch.spanEnds[row] as number;
    return attributeIn(batch.payload, start, end, OtlpFieldNumber.Span.attributes, key.utf8);
  }
  resourceAttribute(span: number, key: AttributeKey): AttributeValue | undefined {
    const row = this.#row(span);
    const { start, end } = resourceEntryOf(row);
    return attributeIn(row.batch.payload, start, end, OtlpFieldNumber.Resource.attributes, key.utf8);
  }
  scope(span: number): Scope {
    const row = this.#row(span);
    const entry = scopeEntryOf(row);
    let scope = this.#scopes.get(entry);
    if (scope === undefined) {
      scope = scopeOf(row);
      this.#scopes.set(entry, scope);
    }
    return scope;
  }
  events(span: number): readonly SpanEvent[] {
    if (this.#events?.span !== span) this.#events = { span, all: eventsOf(this.#row(span)) };
    return this.#events.all;
  }
  links(span: number): readonly SpanLink[] {
    if (this.#links?.span !== span) this.#links = { span, all: linksOf(this.#row(span)) };
    return this.#links.all;
  }
  analysed(span: number): Span {
    this.#analysed[span] ??= lazySpan(this.#row(span));
    return this.#analysed[span];
  }

  #row(span: number): SpanRow {
    return this.#rows[span] as SpanRow;
  }
}

/** A view of the distinct rows of one trace, by start, then span id, as `distinctRows` gives them. */
export function rowTraceView(rows: readonly SpanRow[]): TraceView {
  return new RowTraceView(rows);
}
