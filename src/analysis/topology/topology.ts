/** Who calls whom by where they run, out of whole traces. */

import { compareValues } from "../../base/compare.ts";
import { placeOf } from "../../model/place.ts";
import type { Span } from "../../model/span.ts";
import { adjustedCount } from "../adjusted-count.ts";
import type { SpanTimes } from "../call-facts.ts";
import { callFacts } from "../call-facts.ts";
import type { CountedCall } from "../call-sums.ts";
import { CallSums } from "../call-sums.ts";
import { traceCalls } from "../dependency-links.ts";
import type { SpanForest } from "../span-forest.ts";
import { durationNanosOf, spanForest } from "../span-forest.ts";
import type { EdgeType } from "../trace-entry.ts";
import { ENTRY_NODE, entryCallOf, entrySpanOf } from "../trace-entry.ts";
import { callEndsOf } from "./call-ends.ts";
import type { PlaceLevel, PlaceNode } from "./place-node.ts";
import { placeNode } from "./place-node.ts";

/** Which levels calls are between. */
export interface TopologyLevels {
  /** Level of both ends. Default `instance`. */
  readonly level?: PlaceLevel;
  /** Level of those who call. Default {@link level}. */
  readonly callerLevel?: PlaceLevel;
  /** Level of those who are called. Default {@link level}. */
  readonly calleeLevel?: PlaceLevel;
}

/** Calls from one node to another. */
export interface TopologyEdge {
  readonly from: PlaceNode;
  readonly to: PlaceNode;
  readonly type: EdgeType;
  /** Numbers, and durations as both sides saw them. */
  readonly sums: CallSums;
}

/** Who calls whom. */
export interface Topology {
  /** By id. */
  readonly nodes: readonly PlaceNode[];
  /** By the ids of both ends, then type. */
  readonly edges: readonly TopologyEdge[];
}

/** Both levels, with their defaults. */
export function levelsOf({ level = "instance", callerLevel = level, calleeLevel = level }: TopologyLevels): {
  readonly callerLevel: PlaceLevel;
  readonly calleeLevel: PlaceLevel;
} {
  return { callerLevel, calleeLevel };
}

/**
 * The calls that traces show between instances, hosts, zones, clusters, namespaces or services, from any of these levels to
 * any other: the calls of `dependencyLinks`, and for each trace its entry from outside. Where a service runs is what
 * `placeOf` reads from the resource of its spans; databases, brokers and peers without spans stay what they are.
 *
 * @example
 * const { edges } = topology(traces, { level: "zone" });
 * const crossing = edges.filter(({ from, to }) => from.id !== to.id);
 */
export function topology(
  traces: Iterable<{ readonly spans: readonly Span[] }>,
  levels: TopologyLevels = {},
): Topology {
  const sums = new TopologyTable();
  for (const { spans } of traces) {
    if (spans.length > 0) addTrace(sums, spanForest(spans), levels);
  }
  return sums.finish();
}

function addTrace(table: TopologyTable, forest: SpanForest<Span>, levels: TopologyLevels): void {
  const { callerLevel, calleeLevel } = levelsOf(levels);
  const times = spanTimesOf(forest);
  const calls = traceCalls(forest);
  const facts = callFacts(calls, times);
  const nodeOf = (index: number, service: string, level: PlaceLevel): PlaceNode => {
    const resource = forest.spans[index]?.resource;
    return placeNode(service, resource === undefined ? undefined : placeOf(resource.attributes), level);
  };
  for (const [at, call] of calls.entries()) {
    const { from, to } = callEndsOf(call, forest);
    const shown = [call.sender, call.callee, call.caller].find((index) => index !== -1) as number;
    const ends = {
      from: nodeOf(from, call.fromService, callerLevel),
      to: nodeOf(to, call.toService, calleeLevel),
      type: call.type,
    };
    const counted = { ...call, facts: facts[at] as CountedCall["facts"] };
    table.add(ends, counted, weightOf(forest, shown));
  }
  const entry = entrySpanOf(forest);
  const { serviceName } = forest.spans[entry] as Span;
  const ends = {
    from: placeNode(ENTRY_NODE, undefined, callerLevel),
    to: nodeOf(entry, serviceName, calleeLevel),
    type: "entry",
  } as const;
  table.add(ends, entryCallOf(times, entry), weightOf(forest, entry));
}

function weightOf({ spans }: SpanForest<Span>, index: number): number {
  return adjustedCount((spans[index] as Span).traceState);
}

function spanTimesOf({ spans }: SpanForest<Span>): SpanTimes {
  const first = spans[0]?.startTimeUnixNano ?? 0n;
  return {
    startNanos: Float64Array.from(spans, (span) => Number(span.startTimeUnixNano - first)),
    durationNanos: Float64Array.from(spans, (span) => Number(durationNanosOf(span))),
    isError: Uint8Array.from(spans, ({ status }) => (status === "ERROR" ? 1 : 0)),
  };
}

/** Edges by their ends. */
class TopologyTable {
  readonly #edges: Map<string, TopologyEdge> = new Map();

  add(ends: Omit<TopologyEdge, "sums">, call: CountedCall, weight: number): void {
    const text = JSON.stringify([ends.from.id, ends.to.id, ends.type]);
    const edge = this.#edges.get(text) ?? { ...ends, sums: new CallSums() };
    this.#edges.set(text, edge);
    edge.sums.add(call, weight, 1);
  }

  finish(): Topology {
    const edges = [...this.#edges.values()].sort(compareTopologyEdges);
    const nodes = new Map(edges.flatMap(({ from, to }) => [from, to]).map((node) => [node.id, node]));
    return {
      edges,
      nodes: [...nodes.values()].sort((left, right) => compareValues(left.id, right.id)),
    };
  }
}

/** By the ids of both ends, then type. */
export function compareTopologyEdges(
  left: Omit<TopologyEdge, "sums">,
  right: Omit<TopologyEdge, "sums">,
): number {
  return (
    compareValues(left.from.id, right.from.id) ||
    compareValues(left.to.id, right.to.id) ||
    compareValues(left.type, right.type)
  );
}
