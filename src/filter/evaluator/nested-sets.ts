/** Nested-set numbers of a trace: a span lies below another exactly when its interval lies inside the other's. */

import type { Steps } from "../../base/time-slice.ts";
import type { TraceView } from "./trace-view.ts";
import { KIND_VALUES } from "./values.ts";

/** Spans looked at between two chances for others to run. */
const SPANS_PER_STEP = 1_024;

const SERVER = KIND_VALUES.findIndex(({ value }) => value === "server");
const CLIENT = KIND_VALUES.findIndex(({ value }) => value === "client");

/** The tree of a trace by span numbers. */
export interface NestedSets {
  /** From 1 up; 0: the span hangs on no root, so it is related to nothing. */
  readonly lefts: Int32Array;
  /** More than the left number; 0 where that is 0. */
  readonly rights: Int32Array;
  /** Span number of each span's parent, -1 without one. Where {@link NestedSets.lefts} is 0 it may run in circles. */
  readonly parents: Int32Array;
  readonly childCounts: Int32Array;
  /** Spans that have numbers, by their left ones. */
  readonly preorder: Int32Array;
}

/**
 * Numbers the spans of a trace. Two spans may share an id, as the client and the server of one call do in Zipkin: the
 * server then lies below the client, and what names that id as its parent below the server, or below the client when it
 * is a server itself. More than two of one id leave the whole trace without numbers.
 *
 * Two that start in the same nanosecond come from every store in an order of its own; here what they are orders them.
 */
export function* nestedSetsOf(view: TraceView): Steps<NestedSets> {
  const ids = yield* spansById(view);
  const { order } = ids;
  const { spanCount } = view;
  const parents = new Int32Array(spanCount).fill(-1);
  const childCounts = new Int32Array(spanCount);
  const roots: number[] = [];
  for (let at = 0; at < spanCount; at++) {
    const span = order[at] as number;
    const parent = parentOf(view, ids, span);
    if (parent === undefined) roots.push(span);
    else if (parent !== -1) {
      parents[span] = parent;
      childCounts[parent] = (childCounts[parent] as number) + 1;
    }
    if (at % SPANS_PER_STEP === SPANS_PER_STEP - 1) yield SPANS_PER_STEP;
  }
  const numbers = yield* numberedFrom(ids.isAmbiguous ? [] : roots, parents, order);
  return { ...numbers, parents, childCounts };
}

type Facts = readonly (number | bigint | string)[];

function factsOf(view: TraceView, span: number): Facts {
  return [
    view.kind(span),
    view.endTimeUnixNano(span),
    view.name(span),
    view.serviceName(span),
    view.parentSpanId(span) ?? "",
    view.status(span),
  ];
}

/** Whether a span of the same start and id as the one before it belongs before that one. */
function isMisplaced(view: TraceView, span: number): boolean {
  const isSameStart = view.startTimeUnixNano(span) === view.startTimeUnixNano(span - 1);
  return isSameStart && isBefore(factsOf(view, span), factsOf(view, span - 1));
}

function isBefore(left: Facts, right: Facts): boolean {
  const at = left.findIndex((fact, index) => fact !== right[index]);
  return at !== -1 && (left[at] as string) < (right[at] as string);
}

interface SpansById {
  readonly first: ReadonlyMap<string, number>;
  /** The other span of the same id, for the first and the second of them; -1 without one. */
  readonly twins: Int32Array;
  readonly isAmbiguous: boolean;
  /** Every span number, by start, then id, then what the spans are. */
  readonly order: Int32Array;
}

function* spansById(view: TraceView): Steps<SpansById> {
  const first = new Map<string, number>();
  const twins = new Int32Array(view.spanCount).fill(-1);
  const order = new Int32Array(view.spanCount);
  let isAmbiguous = false;
  for (let span = 0; span < view.spanCount; span++) {
    order[span] = span;
    const id = view.spanId(span);
    const other = first.get(id);
    if (other === undefined) first.set(id, span);
    else if (twins[other] === -1) {
      twins[other] = span;
      twins[span] = other;
      if (other === span - 1 && isMisplaced(view, span)) {
        order[other] = span;
        order[span] = other;
        first.set(id, span);
      }
    } else isAmbiguous = true;
    if (span % SPANS_PER_STEP === SPANS_PER_STEP - 1) yield SPANS_PER_STEP;
  }
  return { first, twins, isAmbiguous, order };
}

/** Undefined for a root, -1 when the parent is not there. */
function parentOf(view: TraceView, { first, twins }: SpansById, span: number): number | undefined {
  const twin = twins[span] as number;
  const isServer = view.kind(span) === SERVER;
  if (twin !== -1 && isServer && view.kind(twin) === CLIENT) return twin;
  const id = view.parentSpanId(span);
  if (id === undefined) return undefined;
  const parent = first.get(id);
  if (parent === undefined) return -1;
  const second = twins[parent] as number;
  if (second === -1) return parent;
  return view.kind(second) === (isServer ? CLIENT : SERVER) ? second : parent;
}

type Numbers = Pick<NestedSets, "lefts" | "rights" | "preorder">;

/** Walks down from the roots without recursion; children come in the order of the spans. */
function* numberedFrom(roots: readonly number[], parents: Int32Array, order: Int32Array): Steps<Numbers> {
  const { firstChild, nextSibling } = threadedChildren(parents, order);
  const lefts = new Int32Array(parents.length);
  const rights = new Int32Array(parents.length);
  const preorder = new Int32Array(parents.length);
  let counter = 1;
  let filled = 0;
  /** Leaves spans that have no more below them, up to one with a sibling, which comes next; -1 at the end. */
  const leave = (from: number): number => {
    for (let at = from; at !== -1; at = parents[at] as number) {
      rights[at] = counter++;
      const sibling = nextSibling[at] as number;
      if (sibling !== -1) return sibling;
    }
    return -1;
  };
  for (const root of roots) {
    let at = root;
    while (at !== -1) {
      lefts[at] = counter++;
      preorder[filled++] = at;
      const child = firstChild[at] as number;
      at = child === -1 ? leave(at) : child;
      if (filled % SPANS_PER_STEP === 0) yield SPANS_PER_STEP;
    }
  }
  return { lefts, rights, preorder: preorder.subarray(0, filled) };
}

function threadedChildren(
  parents: Int32Array,
  order: Int32Array,
): { firstChild: Int32Array; nextSibling: Int32Array } {
  const firstChild = new Int32Array(parents.length).fill(-1);
  const nextSibling = new Int32Array(parents.length).fill(-1);
  for (let at = order.length - 1; at >= 0; at--) {
    const span = order[at] as number;
    const parent = parents[span] as number;
    if (parent === -1) continue;
    nextSibling[span] = firstChild[parent] as number;
    firstChild[parent] = span;
  }
  return { firstChild, nextSibling };
}
