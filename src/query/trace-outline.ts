/** Outlines of traces: what a list shows of each, by the rules that Jaeger has for its summaries. */

import type { Steps } from "../base/time-slice.ts";
import type { TraceView } from "../filter/evaluator/trace-view.ts";
import { numberFromSpanKind } from "../model/span-kind.ts";
import { numberFromSpanStatus } from "../model/span-status.ts";

/** Spans looked at between two chances for others to run. */
const SPANS_PER_STEP = 1_024;
/** What an outline, and a service of it, take beside their texts. */
const OUTLINE_BYTES = 400;
const SERVICE_BYTES = 120;

const CLIENT: number = numberFromSpanKind("CLIENT");
const SERVER: number = numberFromSpanKind("SERVER");
const ERROR: number = numberFromSpanStatus("ERROR");

/** Spans of one service in a trace. */
export interface ServiceOutline {
  readonly name: string;
  readonly spanCount: number;
  /** Those with status ERROR. */
  readonly errorSpanCount: number;
}

/** What is told of a trace without its spans. */
export interface TraceOutline {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Of the earliest span without a parent, "" when there is none. */
  readonly rootServiceName: string;
  /** Of the earliest span without a parent, "" when there is none. */
  readonly rootOperationName: string;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly spanCount: number;
  readonly errorSpanCount: number;
  /** Spans whose parent is not in the trace. */
  readonly orphanSpanCount: number;
  /** By name. */
  readonly services: readonly ServiceOutline[];
}

/**
 * Outlines a trace. A server span that shares its id with the client that called it is a child of that client, as
 * Jaeger has it once such ids are told apart.
 */
export function* outlineOf(view: TraceView): Steps<TraceOutline> {
  const ids = new Set<string>();
  const clientIds = new Set<string>();
  for (let span = 0; span < view.spanCount; span++) {
    const id = view.spanId(span);
    ids.add(id);
    if (view.kind(span) === CLIENT) clientIds.add(id);
    if (span % SPANS_PER_STEP === SPANS_PER_STEP - 1) yield SPANS_PER_STEP;
  }
  const sums = new OutlineSums(view);
  for (let span = 0; span < view.spanCount; span++) {
    sums.add(span, placeOf(view, span, { ids, clientIds }));
    if (span % SPANS_PER_STEP === SPANS_PER_STEP - 1) yield SPANS_PER_STEP;
  }
  return sums.outline();
}

type Place = "root" | "child" | "orphan";

function placeOf(
  view: TraceView,
  span: number,
  { ids, clientIds }: Readonly<Record<"ids" | "clientIds", ReadonlySet<string>>>,
): Place {
  if (view.kind(span) === SERVER && clientIds.has(view.spanId(span))) return "child";
  const parent = view.parentSpanId(span);
  if (parent === undefined) return "root";
  return ids.has(parent) ? "child" : "orphan";
}

/** About the memory that an outline takes. */
export function bytesOfOutline({ services }: TraceOutline): number {
  let bytes = OUTLINE_BYTES;
  for (const { name } of services) bytes += SERVICE_BYTES + name.length * 2;
  return bytes;
}

interface ServiceSums {
  spanCount: number;
  errorSpanCount: number;
}

class OutlineSums {
  readonly #view: TraceView;
  readonly #services = new Map<string, ServiceSums>();
  #root: number | undefined;
  #endTimeUnixNano: bigint;
  #errorSpanCount = 0;
  #orphanSpanCount = 0;

  constructor(view: TraceView) {
    this.#view = view;
    this.#endTimeUnixNano = view.spanCount === 0 ? 0n : view.endTimeUnixNano(0);
  }

  /** Spans come in the order of their starts. */
  add(span: number, place: Place): void {
    const end = this.#view.endTimeUnixNano(span);
    if (end > this.#endTimeUnixNano) this.#endTimeUnixNano = end;
    if (place === "root") this.#root ??= span;
    if (place === "orphan") this.#orphanSpanCount++;
    const service = this.#serviceOf(this.#view.serviceName(span));
    service.spanCount++;
    if (this.#view.status(span) !== ERROR) return;
    service.errorSpanCount++;
    this.#errorSpanCount++;
  }

  outline(): TraceOutline {
    const view = this.#view;
    const root = this.#root;
    const services = Array.from(this.#services, ([name, sums]) => ({ name, ...sums }));
    return {
      traceId: view.traceId,
      rootServiceName: root === undefined ? "" : view.serviceName(root),
      rootOperationName: root === undefined ? "" : view.name(root),
      startTimeUnixNano: view.spanCount === 0 ? 0n : view.startTimeUnixNano(0),
      endTimeUnixNano: this.#endTimeUnixNano,
      spanCount: view.spanCount,
      errorSpanCount: this.#errorSpanCount,
      orphanSpanCount: this.#orphanSpanCount,
      services: services.sort((left, right) => (left.name < right.name ? -1 : 1)),
    };
  }

  #serviceOf(name: string): ServiceSums {
    const known = this.#services.get(name);
    if (known !== undefined) return known;
    const made = { spanCount: 0, errorSpanCount: 0 };
    this.#services.set(name, made);
    return made;
  }
}
