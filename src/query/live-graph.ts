/** The dependency graph as it is known now: who calls whom, how often, how fast, with what errors. */

import { EdgeCell } from "../rollup/cells.ts";
import type { EdgeKey } from "../window/edges.ts";
import { ENTRY_NODE, edgeText } from "../window/edges.ts";
import type { NodeEdge, NodeSums } from "./graph-nodes.ts";
import { neighbourhoodOf, nodeSumsOf } from "./graph-nodes.ts";
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

/** A node with what it answered, whoever asked. */
export interface GraphNode extends NodeSums {
  readonly name: string;
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
  const near = neighbourhoodOf(edges.map(nodeEdge), [focus], hops);
  const isNear = (name: string): boolean => name === ENTRY_NODE || near.has(name);
  return edges.filter(({ key }) => isNear(key.fromService) && isNear(key.toService));
}

function nodesOf(edges: readonly GraphEdge[]): GraphNode[] {
  const nodes = Array.from(nodeSumsOf(edges.map(nodeEdge)), ([name, sums]) => ({ name, ...sums }));
  return nodes.sort((left, right) => (left.name < right.name ? -1 : 1));
}

function nodeEdge({ key, cell }: GraphEdge): NodeEdge {
  return { from: key.fromService, to: key.toService, type: key.type, cell };
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
