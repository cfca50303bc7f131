/** What the search for findings knows of a trace: its schedule, what was critical, and what its calls are. */

import type { TraceNode } from "../trace-tree.ts";
import type { Schedule } from "../what-if/schedule.ts";
import { criticalSelfNanos } from "../what-if/schedule.ts";
import { callFactsOf } from "./call-facts.ts";
import type { Finding, FindingOptions, FindingSpan } from "./finding.ts";
import { severityOf } from "./finding.ts";

/** Bits of {@link CallColumns.flags}. */
export const CallFlag: {
  readonly DATABASE: 1;
  readonly READ: 2;
  readonly TIMEOUT: 4;
  readonly RESENT: 8;
} = Object.freeze({ DATABASE: 1, READ: 2, TIMEOUT: 4, RESENT: 8 });

/** What calls are, by node. */
export interface CallColumns {
  /** Number of the call's service and label, equal for like calls of one service; -1 for what is no CLIENT span. */
  readonly keys: Int32Array;
  /** Label of each key. */
  readonly labels: readonly string[];
  /** {@link CallFlag}s. */
  readonly flags: Uint8Array;
  /** A hash of the query or URL with its values, 0 where those are not known. */
  readonly exactHashes: Int32Array;
}

/** Where nodes come when every node is followed at once by what is below it. */
export interface NestingColumns {
  readonly places: Int32Array;
  /** Place behind the last node below. */
  readonly ends: Int32Array;
}

/** One trace while findings are looked for in it. All columns go by node, as those of {@link Schedule} do. */
export interface FindingContext<S extends FindingSpan> {
  readonly schedule: Schedule<S>;
  readonly options: Required<FindingOptions>;
  readonly traceNanos: number;
  readonly criticalSelf: Float64Array;
  /** Critical-path time of the node and of everything below it. */
  readonly critical: Float64Array;
  readonly nesting: NestingColumns;
  readonly calls: CallColumns;
  /** 1 for calls that a finding has told of, so that no other tells of them again. */
  readonly told: Uint8Array;
}

/** Looks at every span once. */
export function findingContext<S extends FindingSpan>(
  schedule: Schedule<S>,
  options: Required<FindingOptions>,
): FindingContext<S> {
  const { nodes, root } = schedule.tree;
  const criticalSelf = criticalSelfNanos(schedule);
  return {
    schedule,
    options,
    traceNanos: root.endNanos - root.startNanos,
    criticalSelf,
    critical: sumsUpwards(criticalSelf, schedule.parents),
    nesting: nestingColumns(schedule),
    calls: callColumns(nodes),
    told: new Uint8Array(nodes.length),
  };
}

/** The node at an index. */
export function nodeAt<S extends FindingSpan>({ schedule }: FindingContext<S>, index: number): TraceNode<S> {
  return schedule.tree.nodes[index] as TraceNode<S>;
}

/** Indexes of a node's children, by start: from `[0]` up to, not including, `[1]`. */
export function childRange<S extends FindingSpan>(
  { schedule }: FindingContext<S>,
  index: number,
): readonly [number, number] {
  const first = schedule.firstChildren[index] as number;
  return [first, first + (schedule.tree.nodes[index] as TraceNode<S>).children.length];
}

/** True for spans of work inside a service; spans without a kind count as such. */
export function isInternal(span: FindingSpan | undefined): boolean {
  return span?.kind === "INTERNAL" || span?.kind === "UNSPECIFIED";
}

/** Critical-path time of nodes and everything below them; what lies below two of them counts once. */
export function criticalOf(
  { nesting, critical }: FindingContext<FindingSpan>,
  indexes: readonly number[],
): number {
  const { places, ends } = nesting;
  let sum = 0;
  let end = 0;
  for (const index of [...indexes].sort(
    (left, right) => (places[left] as number) - (places[right] as number),
  )) {
    if ((places[index] as number) < end) continue;
    sum += critical[index] as number;
    end = ends[index] as number;
  }
  return sum;
}

/** Critical-path time that would go if of all these calls only the longest were left. */
export function allButLongest(context: FindingContext<FindingSpan>, indexes: readonly number[]): number {
  let longest = 0;
  for (const index of indexes) longest = Math.max(longest, context.critical[index] as number);
  return criticalOf(context, indexes) - longest;
}

/** What a finding says besides what follows from its spans. */
export interface FindingDraft
  extends Pick<Finding<never>, "type" | "service" | "operation" | "summary" | "advice"> {
  readonly severity?: Finding<never>["severity"];
  readonly costNanos: number;
  /** Nodes that prove it, the most telling first. */
  readonly proof: readonly number[];
  /** All of them, when `proof` holds only some. */
  readonly spanCount?: number;
}

/** Makes a finding of its draft. */
export function findingFrom<S extends FindingSpan>(
  context: FindingContext<S>,
  draft: FindingDraft,
): Finding<S> {
  const { proof, costNanos, severity, spanCount, ...rest } = draft;
  const spans: S[] = [];
  for (const index of proof) {
    if (spans.length === context.options.maxSpansPerFinding) break;
    const { span } = nodeAt(context, index);
    if (span !== undefined) spans.push(span);
  }
  return {
    ...rest,
    severity: severity ?? severityOf(costNanos, context.traceNanos),
    costNanos: BigInt(costNanos),
    spans,
    spanCount: spanCount ?? proof.length,
  };
}

function sumsUpwards(own: Float64Array, parents: Int32Array): Float64Array {
  const sums = Float64Array.from(own);
  for (let index = sums.length - 1; index > 0; index--) {
    const parent = parents[index] as number;
    sums[parent] = (sums[parent] as number) + (sums[index] as number);
  }
  return sums;
}

function nestingColumns({ tree, parents, firstChildren }: Schedule<FindingSpan>): NestingColumns {
  const count = tree.nodes.length;
  const sizes = new Int32Array(count).fill(1);
  for (let index = count - 1; index > 0; index--) {
    const parent = parents[index] as number;
    sizes[parent] = (sizes[parent] as number) + (sizes[index] as number);
  }
  const places = new Int32Array(count);
  for (const [index, { children }] of tree.nodes.entries()) {
    let next = (places[index] as number) + 1;
    for (const at of children.keys()) {
      const child = (firstChildren[index] as number) + at;
      places[child] = next;
      next += sizes[child] as number;
    }
  }
  return { places, ends: places.map((place, index) => place + (sizes[index] as number)) };
}

function callColumns(nodes: readonly TraceNode<FindingSpan>[]): CallColumns {
  const keys = new Int32Array(nodes.length).fill(-1);
  const flags = new Uint8Array(nodes.length);
  const exactHashes = new Int32Array(nodes.length);
  const labels: string[] = [];
  const known = new Map<string, number>();
  for (const [index, { span }] of nodes.entries()) {
    if (span?.kind !== "CLIENT") continue;
    const facts = callFactsOf(span);
    const text = `${span.serviceName}\0${facts.label}`;
    let key = known.get(text);
    if (key === undefined) {
      key = labels.length;
      known.set(text, key);
      labels.push(facts.label);
    }
    keys[index] = key;
    flags[index] =
      (facts.isDatabase ? CallFlag.DATABASE : 0) |
      (facts.isRead ? CallFlag.READ : 0) |
      (facts.isTimeout ? CallFlag.TIMEOUT : 0) |
      (facts.isResent ? CallFlag.RESENT : 0);
    exactHashes[index] = facts.exactText === "" ? 0 : hashOf(facts.exactText);
  }
  return { keys, labels, flags, exactHashes };
}

/** FNV-1a, never 0: texts themselves would keep all queries of a huge trace in memory. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash === 0 ? 1 : hash | 0;
}
