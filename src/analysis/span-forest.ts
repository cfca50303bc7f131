/** Which span is whose parent: the one reading of parent ids that all analyses share. */

import { compareValues } from "../base/compare.ts";
import type { Resource, Span } from "../model/span.ts";
import { SharedCalls } from "./shared-calls.ts";

/** What finding parents needs of a span. */
export type ForestSpan = Pick<
  Span,
  | "spanId"
  | "parentSpanId"
  | "kind"
  | "serviceName"
  | "name"
  | "status"
  | "startTimeUnixNano"
  | "endTimeUnixNano"
> & {
  /** Names the host whose clock stamped the span; absent like {@link hostKey}: not known. */
  readonly resource?: Pick<Resource, "attributes"> | undefined;
  /** That host as `hostKeyOf` gives it, where it is known without the resource. */
  readonly hostKey?: string | undefined;
};

/** Why a span of a {@link SpanForest} has no parent, or that it has one. */
export const Parenthood: {
  readonly HAS_PARENT: 0;
  readonly ROOT: 1;
  readonly PARENT_MISSING: 2;
  readonly CYCLE_CUT: 3;
} = Object.freeze({ HAS_PARENT: 0, ROOT: 1, PARENT_MISSING: 2, CYCLE_CUT: 3 });

/** Distinct spans and their parents, by index. */
export interface SpanForest<S extends ForestSpan> {
  /** Equal spans once, by start, then span id; the order does not depend on the order of arrival. */
  readonly spans: readonly S[];
  /** Index of each span's parent, -1 without one. Free of cycles. */
  readonly parents: Int32Array;
  /** One value of {@link Parenthood} for each span. */
  readonly parenthood: Uint8Array;
  /** The parent that each span of {@link Parenthood.CYCLE_CUT} lost. */
  readonly cutParents: ReadonlyMap<number, number>;
  /** All indexes, every parent before its children. */
  readonly parentsFirst: Int32Array;
  /** True for an id that a client has in common with servers of different services, and no other span. */
  isSharedId(spanId: string): boolean;
}

/**
 * Finds the parents of one trace's spans.
 *
 * Equal spans count once. Of several different spans with one id the longest takes the children, but for a CLIENT and
 * the SERVERs it shares its id with: these lie below the CLIENT, and each takes the children of its service. A cycle is
 * cut above its earliest span. Nothing recurses, so any depth will do.
 */
export function spanForest<S extends ForestSpan>(input: readonly S[]): SpanForest<S> {
  const spans = distinctSorted(input);
  const ids = spansById(spans);
  const parents = new Int32Array(spans.length).fill(-1);
  const parenthood = new Uint8Array(spans.length);
  for (const [index, span] of spans.entries()) {
    const parent = parentOf(span, index, ids);
    if (parent !== -1) parents[index] = parent;
    else parenthood[index] = span.parentSpanId === undefined ? Parenthood.ROOT : Parenthood.PARENT_MISSING;
  }
  const cutParents = cutCycles(parents, parenthood);
  return {
    spans,
    parents,
    parenthood,
    cutParents,
    parentsFirst: orderParentsFirst(parents),
    isSharedId: (spanId) => ids.shared?.isPlain(spanId) === true,
  };
}

/** end - start, 0 when the span ends before it starts. */
export function durationNanosOf(span: Pick<Span, "startTimeUnixNano" | "endTimeUnixNano">): bigint {
  return span.endTimeUnixNano > span.startTimeUnixNano ? span.endTimeUnixNano - span.startTimeUnixNano : 0n;
}

function distinctSorted<S extends ForestSpan>(input: readonly S[]): S[] {
  const isUsual = input.every((span, index) => index === 0 || startsBefore(input[index - 1] as S, span));
  if (isUsual) return [...input];
  const sorted = [...input].sort(compareAllFields);
  return sorted.filter((span, index) => index === 0 || compareAllFields(sorted[index - 1] as S, span) !== 0);
}

function startsBefore(left: ForestSpan, right: ForestSpan): boolean {
  return left.startTimeUnixNano < right.startTimeUnixNano;
}

function compareAllFields(left: ForestSpan, right: ForestSpan): number {
  return (
    compareValues(left.startTimeUnixNano, right.startTimeUnixNano) ||
    compareValues(left.spanId, right.spanId) ||
    compareValues(left.endTimeUnixNano, right.endTimeUnixNano) ||
    compareValues(left.parentSpanId, right.parentSpanId) ||
    compareValues(left.kind, right.kind) ||
    compareValues(left.serviceName, right.serviceName) ||
    compareValues(left.name, right.name) ||
    compareValues(left.status, right.status)
  );
}

interface SpansById {
  readonly longest: ReadonlyMap<string, number>;
  /** Undefined, as nearly always, when no id is of two spans. */
  readonly shared: SharedCalls<string> | undefined;
}

/** -1 without one. */
function parentOf(
  { spanId, parentSpanId, serviceName }: ForestSpan,
  index: number,
  { longest, shared }: SpansById,
): number {
  if (shared !== undefined) {
    const client = shared.clientOf(spanId, index);
    if (client !== -1) return client;
    const meant = parentSpanId === undefined ? -1 : shared.parentFor(parentSpanId, serviceName);
    if (meant !== -1) return meant;
  }
  return parentSpanId === undefined ? -1 : (longest.get(parentSpanId) ?? -1);
}

function spansById(spans: readonly ForestSpan[]): SpansById {
  const at = (index: number): ForestSpan => spans[index] as ForestSpan;
  const isLonger = (first: number, second: number): boolean =>
    durationNanosOf(at(first)) > durationNanosOf(at(second));
  const longest = new Map<string, number>();
  const repeated = new Set<string>();
  for (const [index, { spanId }] of spans.entries()) {
    const other = longest.get(spanId);
    if (other !== undefined) repeated.add(spanId);
    if (other === undefined || isLonger(index, other)) longest.set(spanId, index);
  }
  if (repeated.size === 0) return { longest, shared: undefined };
  const groups = new Map<string, number[]>([...repeated].map((spanId) => [spanId, []]));
  for (const [index, { spanId }] of spans.entries()) groups.get(spanId)?.push(index);
  const shared = new SharedCalls(groups, {
    isClient: (index) => at(index).kind === "CLIENT",
    isServer: (index) => at(index).kind === "SERVER",
    serviceName: (index) => at(index).serviceName,
    isLonger,
  });
  return { longest, shared };
}

/** Walks up from every span; meeting the present walk again means a cycle, which loses its earliest span's parent: those. */
function cutCycles(parents: Int32Array, parenthood: Uint8Array): Map<number, number> {
  const cutParents = new Map<number, number>();
  const walkOf = new Int32Array(parents.length);
  for (let start = 0; start < parents.length; start++) {
    let at = start;
    while (at !== -1 && walkOf[at] === 0) {
      walkOf[at] = start + 1;
      at = parents[at] as number;
    }
    if (at === -1 || walkOf[at] !== start + 1) continue;
    const earliest = earliestOfCycle(parents, at);
    cutParents.set(earliest, parents[earliest] as number);
    parents[earliest] = -1;
    parenthood[earliest] = Parenthood.CYCLE_CUT;
  }
  return cutParents;
}

function earliestOfCycle(parents: Int32Array, member: number): number {
  let earliest = member;
  for (let at = parents[member] as number; at !== member; at = parents[at] as number) {
    if (at < earliest) earliest = at;
  }
  return earliest;
}

/** Breadth first over lists of children threaded through two arrays. */
function orderParentsFirst(parents: Int32Array): Int32Array {
  const firstChild = new Int32Array(parents.length).fill(-1);
  const nextSibling = new Int32Array(parents.length).fill(-1);
  const order = new Int32Array(parents.length);
  let filled = 0;
  for (let index = parents.length - 1; index >= 0; index--) {
    const parent = parents[index] as number;
    if (parent === -1) {
      order[filled++] = index;
    } else {
      nextSibling[index] = firstChild[parent] as number;
      firstChild[parent] = index;
    }
  }
  for (let done = 0; done < filled; done++) {
    let child = firstChild[order[done] as number] as number;
    while (child !== -1) {
      order[filled++] = child;
      child = nextSibling[child] as number;
    }
  }
  return order;
}
