/** A span that decodes only what somebody asks for. */

import type { Attributes } from "../model/attribute-value.ts";
import type { Resource, Scope, Span, SpanEvent, SpanLink } from "../model/span.ts";
import type { SpanKind } from "../model/span-kind.ts";
import { spanKindFromNumber } from "../model/span-kind.ts";
import type { SpanStatus } from "../model/span-status.ts";
import { spanStatusFromNumber } from "../model/span-status.ts";
import { durationMsBetween, isoFromUnixNano } from "../model/time.ts";
import { resourceOf, scopeOf } from "./row-envelope.ts";
import { hostKeyOfRow } from "./row-host.ts";
import { parentSpanIdOf, spanIdOf, traceIdOf } from "./row-ids.ts";
import { nameOf, serviceNameOf } from "./row-names.ts";
import type { SpanRow } from "./span-batch.ts";
import type { SpanBody } from "./span-body.ts";
import { spanBodyFrom } from "./span-body.ts";

const NO_TAGS: Readonly<Record<string, string>> = Object.freeze({});

/** See {@link lazySpan}. */
class LazySpan implements Span {
  readonly #row: SpanRow;
  #traceId: string | undefined;
  #spanId: string | undefined;
  /** null while it was not asked for: undefined says "root". */
  #parentSpanId: string | undefined | null = null;
  #body: SpanBody | undefined;
  #resource: Resource | undefined;
  #scope: Scope | undefined;

  constructor(row: SpanRow) {
    this.#row = row;
  }

  get traceId(): string {
    this.#traceId ??= traceIdOf(this.#row);
    return this.#traceId;
  }
  get spanId(): string {
    this.#spanId ??= spanIdOf(this.#row);
    return this.#spanId;
  }
  get parentSpanId(): string | undefined {
    if (this.#parentSpanId === null) this.#parentSpanId = parentSpanIdOf(this.#row);
    return this.#parentSpanId;
  }
  get name(): string {
    return nameOf(this.#row);
  }
  get operationName(): string {
    return nameOf(this.#row);
  }
  get serviceName(): string {
    return serviceNameOf(this.#row);
  }
  get kind(): SpanKind {
    return spanKindFromNumber(this.#row.batch.kinds[this.#row.row] as number);
  }
  get status(): SpanStatus {
    return spanStatusFromNumber(this.#row.batch.statusCodes[this.#row.row] as number);
  }
  /** Known without decoding the resource for every span of it. */
  get hostKey(): string {
    return hostKeyOfRow(this.#row);
  }
  get startTimeUnixNano(): bigint {
    return this.#row.batch.startTimesUnixNano[this.#row.row] as bigint;
  }
  get endTimeUnixNano(): bigint {
    return this.#row.batch.endTimesUnixNano[this.#row.row] as bigint;
  }
  get startTime(): string {
    return isoFromUnixNano(this.startTimeUnixNano);
  }
  get endTime(): string {
    return isoFromUnixNano(this.endTimeUnixNano);
  }
  get durationMs(): number {
    return durationMsBetween(this.startTimeUnixNano, this.endTimeUnixNano);
  }
  get statusMessage(): string {
    return this.#decoded().statusMessage;
  }
  get attributes(): Attributes {
    return this.#decoded().attributes;
  }
  get events(): readonly SpanEvent[] {
    return this.#decoded().events;
  }
  get links(): readonly SpanLink[] {
    return this.#decoded().links;
  }
  get tags(): Readonly<Record<string, string>> {
    return NO_TAGS;
  }
  get resource(): Resource {
    this.#resource ??= resourceOf(this.#row);
    return this.#resource;
  }
  get scope(): Scope {
    this.#scope ??= scopeOf(this.#row);
    return this.#scope;
  }
  get traceState(): string {
    return this.#decoded().traceState;
  }
  get flags(): number {
    return this.#decoded().flags;
  }
  get droppedAttributesCount(): number {
    return this.#decoded().droppedAttributesCount;
  }
  get droppedEventsCount(): number {
    return this.#decoded().droppedEventsCount;
  }
  get droppedLinksCount(): number {
    return this.#decoded().droppedLinksCount;
  }

  #decoded(): SpanBody {
    const { batch, row } = this.#row;
    this.#body ??= spanBodyFrom(
      batch.payload,
      batch.spanStarts[row] as number,
      batch.spanEnds[row] as number,
    );
    return this.#body;
  }
}

/**
 * A span over a row that decodes on first use, for algorithms that look at a few fields of many spans. Its fields are
 * getters of a class: copy with `spanFromRow` what is to be printed as JSON or spread.
 */
export function lazySpan(row: SpanRow): Span {
  return new LazySpan(row);
}
