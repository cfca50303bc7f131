/** What the search for dependency links knows of each span of a trace. */

import type { Span, SpanLink } from "../model/span.ts";
import type { DependencyType } from "./dependency-link.ts";
import { databaseNameOf } from "./peer-names.ts";
import type { SpanForest } from "./span-forest.ts";

/** What dependency links need of a span. */
export type DependencySpan = Pick<
  Span,
  | "traceId"
  | "spanId"
  | "parentSpanId"
  | "kind"
  | "name"
  | "serviceName"
  | "status"
  | "startTimeUnixNano"
  | "endTimeUnixNano"
  | "attributes"
> & { readonly links: readonly Pick<SpanLink, "traceId" | "spanId">[] };

/** A call, or several of one kind, as one place of a trace shows them. Indexes are those of the forest, -1 for none. */
export interface TraceCall {
  readonly fromService: string;
  readonly toService: string;
  readonly type: DependencyType;
  /** Calls; more than one only for messages whose senders are not in the trace. */
  readonly callCount: number;
  /** Calls in error, on whichever side: all or none of {@link callCount}. */
  readonly errorCount: number;
  /** The span that made it: a CLIENT or PRODUCER, or whatever span a CONSUMER names as its source. */
  readonly sender: number;
  /** The span that answered it or took the message. */
  readonly callee: number;
  /** The span of the calling service that it came from: the sender, or the parent where there is no sender. */
  readonly caller: number;
}

/**
 * What is known about each span while links are found. Everything is worked out parents first or children first, one
 * step a span, so that deep traces cost no more than flat ones.
 */
export class LinkContext {
  readonly forest: SpanForest<DependencySpan>;
  readonly calls: TraceCall[] = [];
  /** First ancestor that is not an INTERNAL span of the span's own service, -1 without one. */
  readonly outer: Int32Array;
  /** Topmost span of the run of INTERNAL spans of one service that the span ends. */
  readonly runTop: Int32Array;
  /** 1 where the call is already told by a span below: a paired CLIENT, or an INTERNAL entry with a SERVER in it. */
  readonly told: Uint8Array;
  /** 1 where a CLIENT span of the same service above, over CLIENT and INTERNAL spans, is a database call. */
  readonly underDatabase: Uint8Array;
  /** Children of each CLIENT or PRODUCER that were counted as remote: 1 where there is one. */
  readonly paired: Uint8Array;
  readonly #indexById: Map<string, number> = new Map();
  readonly #mentions: Set<string> = new Set();

  constructor(forest: SpanForest<DependencySpan>) {
    const size = forest.spans.length;
    this.forest = forest;
    this.outer = new Int32Array(size).fill(-1);
    this.runTop = new Int32Array(size);
    this.told = new Uint8Array(size);
    this.underDatabase = new Uint8Array(size);
    this.paired = new Uint8Array(size);
    for (const index of forest.parentsFirst) this.#describe(index);
  }

  /** The span at an index. */
  span(index: number): DependencySpan {
    return this.forest.spans[index] as DependencySpan;
  }

  /** Index of its parent, -1 without one. */
  parent(index: number): number {
    return this.forest.parents[index] as number;
  }

  /** Index of a span with that id. */
  indexOfId(spanId: string): number | undefined {
    return this.#indexById.get(spanId);
  }

  /** True for the CLIENT and INTERNAL spans that may stand between a call's outermost and innermost CLIENT span. */
  isSameCall(index: number, parent: number): boolean {
    const span = this.span(index);
    const above = this.span(parent);
    return span.serviceName === above.serviceName && isCallPart(span) && isCallPart(above);
  }

  /** Marks the INTERNAL spans of the same service above as told of by this entry. */
  tellRunAbove(index: number): void {
    const parent = this.parent(index);
    if (parent !== this.outer[index]) this.told[this.runTop[parent] as number] = 1;
  }

  /** True once for each source and node: several consumers of one message make one sending. */
  isFirstMention(source: number, node: string): boolean {
    const key = `${source} ${node}`;
    if (this.#mentions.has(key)) return false;
    this.#mentions.add(key);
    return true;
  }

  /** Reports calls from one node to another. */
  add(call: Omit<TraceCall, "errorCount">, isError: boolean): void {
    this.calls.push({ ...call, errorCount: isError ? call.callCount : 0 });
  }

  #describe(index: number): void {
    const span = this.span(index);
    const parent = this.parent(index);
    this.#indexById.set(span.spanId, index);
    this.runTop[index] = index;
    if (parent === -1) return;
    const above = this.span(parent);
    this.outer[index] = parent;
    if (isInternal(above) && above.serviceName === span.serviceName) {
      this.outer[index] = this.outer[parent] as number;
      if (isInternal(span)) this.runTop[index] = this.runTop[parent] as number;
    }
    if (!this.isSameCall(index, parent)) return;
    const isDatabase = above.kind === "CLIENT" && databaseNameOf(above.attributes) !== undefined;
    this.underDatabase[index] = isDatabase ? 1 : (this.underDatabase[parent] as number);
  }
}

/** True for spans of work inside a service; spans without a kind count as such. */
export function isInternal(span: DependencySpan): boolean {
  return span.kind === "INTERNAL" || span.kind === "UNSPECIFIED";
}

/** True for spans that may be part of one outgoing call. */
export function isCallPart(span: DependencySpan): boolean {
  return span.kind === "CLIENT" || isInternal(span);
}

/** The CLIENT or PRODUCER span that made the call: `caller`, or the one it is an INTERNAL part of. */
export function senderOf(context: LinkContext, caller: number): number {
  const span = context.span(caller);
  if (span.kind === "CLIENT" || span.kind === "PRODUCER") return caller;
  const above = isInternal(span) ? (context.outer[caller] as number) : -1;
  if (above === -1 || context.span(above).serviceName !== span.serviceName) return -1;
  const kind = context.span(above).kind;
  return kind === "CLIENT" || kind === "PRODUCER" ? above : -1;
}
