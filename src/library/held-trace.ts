/** The spans of one trace while an aggregator holds them. */

import type { Span } from "../model/span.ts";
import { isSameSpan } from "../model/span-content.ts";
import type { Trace } from "../model/trace.ts";
import { traceFromSpans } from "../model/trace.ts";

/** Collects the distinct spans of one trace; the Trace object is made when asked for and remade when it grew. */
export class HeldTrace {
  /** True once the trace was completed; spans that come later still join it. */
  isCompleted = false;
  readonly #spans: Span[] = [];
  readonly #byId: Map<string, Span[]> = new Map();
  #trace: Trace | undefined;

  /** Distinct spans held. */
  get spanCount(): number {
    return this.#spans.length;
  }

  /** True when an equal span is held already. */
  has(span: Span): boolean {
    return this.#byId.get(span.spanId)?.some((held) => isSameSpan(held, span)) ?? false;
  }

  /** Adds a span that is not held yet. */
  add(span: Span): void {
    this.#spans.push(span);
    const sameId = this.#byId.get(span.spanId);
    if (sameId === undefined) this.#byId.set(span.spanId, [span]);
    else sameId.push(span);
    this.#trace = undefined;
  }

  /** The trace as it is now; the same object until a span is added. Needs at least one span. */
  trace(): Trace {
    this.#trace ??= traceFromSpans(this.#spans);
    return this.#trace;
  }
}
