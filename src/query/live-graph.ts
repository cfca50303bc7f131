/** The dependency graph as it is known now: who calls whom, how often, how fast, with what errors. */

import { LatencySketch } from "../analysis/latency-sketch.ts";
import { EdgeCell } from "../rollup/cells.ts";
import type { EdgeKey, EdgeType } from "../window/edges.ts";
import { ENTRY_NODE, edgeText } from "../window/edges.ts";
import { coveredOf, liveStatisticsOf, secondsRangeFrom } from "./live-range.ts";
import type { QueryContext } from "./query-context.ts";
import type { CoveredRange, TextRange } from "./trace-filter.ts";

/** How close a graph is looked at: services, or their operations. */
export type GraphLevel = "service" | "operation";

/** What of the graph is asked for. */
export interface GraphRequest extends TextRange {
  /** Only the neighbourhood of this node. */
  readonly focus?: string;
  /** Edges from the focus to the rim of the neighbourhood, 1 to 10. */
  readonly hops?: number;
  readonly level?: GraphLevel;
}

/** What a node is. `entry` is where requests from outside come from. */
export type GraphNodeType = "service" | "database" | "messaging" | "virtual_node" | "entry";

/** A node with what it answered, whoever asked. */
export interface GraphNode {
  readonly name: string;
  readonly type: GraphNodeType;
  /** Calls it answered, entries of traces among them. */
  readonly callCount: number;
  readonly errorCount: number;
  /** Its own durations of them. */
  readonly server: LatencySketch;
}

/** An edge with its sums. */
export interface GraphEdge {
  readonly key: EdgeKey;
  readonly cell: EdgeCell;
}

/** A graph. */
export interface GraphAnswer {
  /** By name. */
  readonly nodes: readonly GraphNode[];
  /** By from, to, type, operations. */
  readonly edges: readonly GraphEdge[];
  /** Calls between services of which both sides sent spans, and those of which the far side sent none. */
  readonly coverage: { readonly pairedCalls: number; readonly unpairedCalls: number };
  readonly range: CoveredRange;
}

/**
 * The graph over a range of time, summed over whole windows: the answer says the range that they cover.
 *
 * @throws TracAggError `invalid_argument` when the range cannot be read, `unimplemented` without live statistics.
 */
export async function graphIn(context: QueryContext, request: GraphRequest): Promise<GraphAnswer> {
  const live = liveStatisticsOf(context);
  const { edges: keys, rollups } = live;
  const nowMillis = context.clock.nowMillis();
  const level = request.level ?? "service";
  const sums = new Map<string, GraphEdge>();
  const sumOf = new Map<number, EdgeCell>();
  const range = rollups.addUp(secondsRangeFrom(request, nowMillis, live), {
    spanCell: () => undefined,
    edgeCell: (edge) => {
      const known = sumOf.get(edge);
      if (known !== undefined) return known;
      const { cell } = sumAt(sums, atLevel(keys.key(edge), level));
      sumOf.set(edge, cell);
      return cell;
    },
  });
  const all = [...sums].filter(([, { cell }]) => !cell.isEmpty);
  const sorted = all.sort(([left], [right]) => (left < right ? -1 : 1)).map(([, edge]) => edge);
  const edges = neighbourhood(sorted, request.focus, request.hops ?? 1);
  return { nodes: nodesOf(edges), edges, coverage: coverageOf(edges), range: coveredOf(range, nowMillis) };
}

function sumAt(sums: Map<string, GraphEdge>, key: EdgeKey): GraphEdge {
  const text = edgeText(key);
  const known = sums.get(text);
  if (known !== undefined) return known;
  const fresh = { key, cell: new EdgeCell() };
  sums.set(text, fresh);
  return fresh;
}

function atLevel(key: EdgeKey, level: GraphLevel): EdgeKey {
  return level === "operation" ? key : { ...key, fromOperation: "", toOperation: "" };
}

/** Edges between nodes that are at most so many edges away from the focus, in either direction. */
function neighbourhood(
  edges: readonly GraphEdge[],
  focus: string | undefined,
  hops: number,
): readonly GraphEdge[] {
  if (focus === undefined) return edges;
  let near = new Set([focus]);
  for (let hop = 0; hop < hops; hop++) {
    const wider = new Set(near);
    for (const { key } of edges) {
      // Everybody is called from outside: that does not make neighbours.
      if (key.fromService === ENTRY_NODE) continue;
      if (near.has(key.fromService)) wider.add(key.toService);
      if (near.has(key.toService)) wider.add(key.fromService);
    }
    near = wider;
  }
  const isNear = (name: string): boolean => name === ENTRY_NODE || near.has(name);
  return edges.filter(({ key }) => isNear(key.fromService) && isNear(key.toService));
}

type MutableNode = { -readonly [Key in keyof GraphNode]: GraphNode[Key] };

function nodesOf(edges: readonly GraphEdge[]): GraphNode[] {
  const nodes = new Map<string, MutableNode>();
  const nodeOf = (name: string, type: GraphNodeType): MutableNode => {
    let node = nodes.get(name);
    if (node === undefined) {
      node = { name, type, callCount: 0, errorCount: 0, server: new LatencySketch() };
      nodes.set(name, node);
    }
    // Whoever calls somebody else is a service, whatever it was taken for as a callee.
    if (type === "service") node.type = type;
    return node;
  };
  for (const { key, cell } of edges) {
    nodeOf(key.fromService, callerType(key, cell));
    const callee = nodeOf(key.toService, calleeType(key.type, cell));
    callee.callCount += cell.counts.calls;
    callee.errorCount += cell.counts.errors;
    if (cell.sketches.server !== undefined) callee.server.merge(cell.sketches.server);
  }
  return [...nodes.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** Taken messages come from a broker, unless the sender turns out to be a service in another edge. */
function callerType({ type }: EdgeKey, { sketches }: EdgeCell): GraphNodeType {
  if (type === "entry") return "entry";
  return type === "messaging" && sketches.server !== undefined ? "messaging" : "service";
}

/** Only services and consumers send spans of their own. */
function calleeType(type: EdgeType, { sketches }: EdgeCell): GraphNodeType {
  if (type === "rpc" || type === "entry" || sketches.server !== undefined) return "service";
  return type;
}

function coverageOf(edges: readonly GraphEdge[]): GraphAnswer["coverage"] {
  let pairedCalls = 0;
  let unpairedCalls = 0;
  for (const { key, cell } of edges) {
    if (key.type === "rpc") pairedCalls += cell.counts.pairedCalls;
    if (key.type === "virtual_node") unpairedCalls += cell.counts.calls;
  }
  return { pairedCalls, unpairedCalls };
}
