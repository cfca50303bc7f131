/** The spans of one trace as Zipkin merges them and puts them into a tree. */

import { compareValues } from "../base/compare.ts";

/** What the rules look at in a Zipkin span. */
export interface ZipkinLinkSpan {
  readonly id: string;
  readonly parentId: string | undefined;
  /** Undefined for local spans. */
  readonly kind: "CLIENT" | "SERVER" | "PRODUCER" | "CONSUMER" | undefined;
  /** True for a server that reports under the id of its client's span. */
  readonly isShared: boolean;
  /** Undefined when the span names none; so too the others. */
  readonly localService: string | undefined;
  /** Address of the local side, of whatever form: two spans with one id and different addresses are two spans. */
  readonly localAddress: string | undefined;
  readonly remoteService: string | undefined;
  /** True when the span has a tag `error`, whatever its value. */
  readonly hasErrorTag: boolean;
  /** Orders siblings; undefined comes first. */
  readonly timestampMicros: number | undefined;
}

/** Merged spans and their parents, by index. */
export interface ZipkinTree {
  readonly spans: readonly ZipkinLinkSpan[];
  /** Index of each span's parent, -1 for the root and, without a root, for what has no known parent. */
  readonly parents: Int32Array;
  /** The first span without a parent, -1 in a headless trace. */
  readonly root: number;
  /** 1 for spans with children. */
  readonly hasChildren: Uint8Array;
  /** Indexes of what hangs together with the root (or, without one, with nothing above), parents first. */
  readonly parentsFirst: readonly number[];
}

/**
 * Merges reports of one span and finds parents.
 *
 * Reports with one id are one span when both or neither are shared and their endpoints do not contradict each other. A
 * SERVER with the id of a CLIENT counts as shared. A shared server hangs under its client; children of a shared id hang
 * under the server if they are of its endpoint, else under the client. Further spans without a parent, and those whose
 * parent is unknown, hang under the root. Spans in a cycle hang nowhere.
 */
export function zipkinTree(reports: readonly ZipkinLinkSpan[]): ZipkinTree {
  const spans = mergedSpans(reports);
  const places = placesOf(spans);
  const root = spans.findIndex(
    ({ parentId }, index) => parentId === undefined && parentOf(spans, places, index) === undefined,
  );
  const parents = new Int32Array(spans.length).fill(-1);
  const children: number[][] = spans.map(() => []);
  const tops: number[] = [];
  for (const index of spans.keys()) {
    const parent = index === root ? -1 : (parentOf(spans, places, index) ?? root);
    parents[index] = parent;
    if (parent === -1) tops.push(index);
    else children[parent]?.push(index);
  }
  const parentsFirst = root === -1 ? tops : [root];
  // The list grows while it is read: breadth first.
  for (const index of parentsFirst) {
    for (const child of inOrder(spans, children[index] as number[])) parentsFirst.push(child);
  }
  const hasChildren = Uint8Array.from(children, (below) => (below.length > 0 ? 1 : 0));
  return { spans, parents, root, hasChildren, parentsFirst };
}

/** Spans by id: plain ones by id alone, shared ones by their endpoint too. */
interface Places {
  readonly plain: ReadonlyMap<string, number>;
  readonly shared: ReadonlyMap<string, number>;
}

function placesOf(spans: readonly ZipkinLinkSpan[]): Places {
  const plain = new Map<string, number>();
  const shared = new Map<string, number>();
  for (const [index, span] of spans.entries()) {
    const places = span.isShared ? shared : plain;
    const key = span.isShared ? sharedKey(span.id, span) : span.id;
    if (!places.has(key)) places.set(key, index);
  }
  return { plain, shared };
}

function sharedKey(id: string, { localService, localAddress }: ZipkinLinkSpan): string {
  return JSON.stringify([id, localService ?? "", localAddress ?? ""]);
}

function parentOf(spans: readonly ZipkinLinkSpan[], places: Places, index: number): number | undefined {
  const span = spans[index] as ZipkinLinkSpan;
  const client = span.isShared ? places.plain.get(span.id) : undefined;
  if (client !== undefined) return client;
  if (span.parentId === undefined) return undefined;
  return places.shared.get(sharedKey(span.parentId, span)) ?? places.plain.get(span.parentId);
}

function inOrder(spans: readonly ZipkinLinkSpan[], indexes: readonly number[]): readonly number[] {
  const timeOf = (index: number): number => spans[index]?.timestampMicros ?? 0;
  return [...indexes].sort((left, right) => timeOf(left) - timeOf(right) || left - right);
}

function mergedSpans(reports: readonly ZipkinLinkSpan[]): ZipkinLinkSpan[] {
  const sorted = reports.map(withoutItself).sort(compareReports);
  const merged: ZipkinLinkSpan[] = [];
  for (const report of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && isSameSpan(last, report)) merged[merged.length - 1] = joined(last, report);
    else merged.push(report);
  }
  return sharedOnes(merged);
}

/** Zipkin takes a span that names itself as its parent for one without a parent. */
function withoutItself(span: ZipkinLinkSpan): ZipkinLinkSpan {
  return span.parentId === span.id ? { ...span, parentId: undefined } : span;
}

/** Marks servers under their client's id, and lets a shared span without a parent have its client's. */
function sharedOnes(spans: readonly ZipkinLinkSpan[]): ZipkinLinkSpan[] {
  let client: ZipkinLinkSpan | undefined;
  return spans.map((span) => {
    if (client?.id !== span.id) client = undefined;
    if (span.kind === "CLIENT" && !span.isShared) client = span;
    if (client === undefined || client === span) return span;
    const isShared = span.isShared || span.kind === "SERVER";
    if (!isShared) return span;
    return { ...span, isShared, parentId: span.parentId ?? client.parentId };
  });
}

function isSameSpan(left: ZipkinLinkSpan, right: ZipkinLinkSpan): boolean {
  return (
    left.id === right.id &&
    left.isShared === right.isShared &&
    agree(left.localService, right.localService) &&
    agree(left.localAddress, right.localAddress)
  );
}

function agree(left: string | undefined, right: string | undefined): boolean {
  return left === undefined || right === undefined || left === right;
}

function joined(first: ZipkinLinkSpan, second: ZipkinLinkSpan): ZipkinLinkSpan {
  return {
    id: first.id,
    isShared: first.isShared,
    parentId: first.parentId ?? second.parentId,
    kind: first.kind ?? second.kind,
    localService: first.localService ?? second.localService,
    localAddress: first.localAddress ?? second.localAddress,
    remoteService: first.remoteService ?? second.remoteService,
    hasErrorTag: first.hasErrorTag || second.hasErrorTag,
    timestampMicros: first.timestampMicros ?? second.timestampMicros,
  };
}

/** By id; plain before shared, CLIENT before the others, then by endpoint; the rest so that arrival does not matter. */
function compareReports(left: ZipkinLinkSpan, right: ZipkinLinkSpan): number {
  return (
    compareValues(left.id, right.id) ||
    Number(left.isShared) - Number(right.isShared) ||
    Number(right.kind === "CLIENT") - Number(left.kind === "CLIENT") ||
    compareValues(left.localService, right.localService) ||
    compareValues(left.localAddress, right.localAddress) ||
    compareValues(left.kind, right.kind) ||
    compareValues(left.parentId, right.parentId) ||
    compareValues(left.remoteService, right.remoteService) ||
    (left.timestampMicros ?? 0) - (right.timestampMicros ?? 0)
  );
}
