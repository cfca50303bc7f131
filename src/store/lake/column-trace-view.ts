/** The view of a trace that is there as columns of a page. */

import { TracAggError } from "../../base/errors.ts";
import { attributeIn } from "../../batch/attribute-scan.ts";
import { OtlpFieldNumber } from "../../batch/otlp-schema.ts";
import type { AttributeKey, TraceView } from "../../filter/evaluator/trace-view.ts";
import type { AttributeValue } from "../../model/attribute-value.ts";
import { SPAN_KIND_BY_NUMBER } from "../../model/span-kind.ts";
import { SPAN_STATUS_BY_NUMBER } from "../../model/span-status.ts";
import type { SpanPage } from "./span-page.ts";
import { PageColumn } from "./span-page.ts";

/** Where a trace lies in a page: its spans follow each other, the earliest first. */
export interface TraceInPage {
  readonly traceId: string;
  readonly first: number;
  readonly spanCount: number;
}

/** Only for queries that {@link readsColumnsOnly} says yes to: what lies in no column is not here. */
export class ColumnTraceView implements TraceView {
  readonly traceId: string;
  readonly spanCount: number;
  readonly #page: SpanPage;
  readonly #first: number;

  constructor(page: SpanPage, { traceId, first, spanCount }: TraceInPage) {
    this.#page = page;
    this.#first = first;
    this.traceId = traceId;
    this.spanCount = spanCount;
  }

  spanId(span: number): string {
    return idText(this.#number(PageColumn.SPAN_ID, span));
  }
  parentSpanId(span: number): string | undefined {
    const id = this.#page.cell(PageColumn.PARENT, this.#first + span);
    return id === null ? undefined : idText(id as bigint);
  }
  name(span: number): string {
    return this.#page.text(PageColumn.NAME, this.#first + span) ?? "";
  }
  serviceName(span: number): string {
    return this.#page.text(PageColumn.SERVICE, this.#first + span) ?? "";
  }
  kind(span: number): number {
    const kind = this.#page.cell(PageColumn.KIND, this.#first + span) as number;
    return kind < SPAN_KIND_BY_NUMBER.length ? kind : 0;
  }
  status(span: number): number {
    const status = this.#page.cell(PageColumn.STATUS, this.#first + span) as number;
    return status < SPAN_STATUS_BY_NUMBER.length ? status : 0;
  }
  startTimeUnixNano(span: number): bigint {
    return this.#number(PageColumn.START, span);
  }
  endTimeUnixNano(span: number): bigint {
    const end = this.#page.cell(PageColumn.END, this.#first + span);
    if (end !== null) return end as bigint;
    return this.#number(PageColumn.START, span) + this.#number(PageColumn.DURATION, span);
  }
  spanAttribute(span: number, key: AttributeKey): AttributeValue | undefined {
    return this.#page.attribute(key.text, this.#first + span);
  }
  resourceAttribute(span: number, key: AttributeKey): AttributeValue | undefined {
    const id = this.#page.cell(PageColumn.RESOURCE_ID, this.#first + span) as number;
    const message = this.#page.resources.get(id);
    if (message === undefined) return undefined;
    return attributeIn(message, 0, message.length, OtlpFieldNumber.Resource.attributes, key.utf8);
  }
  statusMessage(): never {
    throw notInColumns();
  }
  scope(): never {
    throw notInColumns();
  }
  events(): never {
    throw notInColumns();
  }
  links(): never {
    throw notInColumns();
  }
  analysed(): never {
    throw notInColumns();
  }

  #number(column: number, span: number): bigint {
    return this.#page.cell(column, this.#first + span) as bigint;
  }
}

function idText(id: bigint): string {
  return id.toString(16).padStart(16, "0");
}

function notInColumns(): TracAggError {
  return new TracAggError("internal", "a query asked columns for what lies in none of them");
}
