/** Nodes of a graph out of its edges, and the neighbourhood of one of them. */

import { LatencySketch } from "../analysis/latency-sketch.ts";
import type { EdgeType } from "../analysis/trace-entry.ts";
import type { EdgeCell } from "../rollup/cells.ts";

/** What a node is. `entry` is where requests from outside come from. */
export type GraphNodeType = "service" | "database" | "messaging" | "virtual_node" | "entry";

/** What a node answered, whoever asked. */
export interface NodeSums {
  readonly type: GraphNodeType;
  /** Calls it answered, entries of traces among them. */
  readonly callCount: number;
  readonly errorCount: number;
  /** Its own durations of them. */
  readonly server: LatencySketch;
}

/** An edge between two nodes, by what tells them apart. */
export interface NodeEdge {
  readonly from: string;
  readonly to: string;
  readonly type: EdgeType;
  readonly cell: EdgeCell;
}

type MutableSums = { -readonly [Key in keyof NodeSums]: NodeSums[Key] };

/** Sums of all nodes of edges, by what the edges call them. */
export function nodeSumsOf(edges: Iterable<NodeEdge>): Map<string, NodeSums> {
  const nodes = new Map<string, MutableSums>();
  const nodeOf = (name: string, type: GraphNodeType): MutableSums => {
    let node = nodes.get(name);
    if (node === undefined) {
      node = { type, callCount: 0, errorCount: 0, server: new LatencySketch() };
      nodes.set(name, node);
    }
    // Whoever calls somebody else is a service, whatever it was taken for as a callee.
    if (type === "service") node.type = type;
    return node;
  };
  for (const { from, to, type, cell } of edges) {
    nodeOf(from, callerType(type, cell));
    const callee = nodeOf(to, calleeType(type, cell));
    callee.callCount += cell.counts.calls;
    callee.errorCount += cell.counts.errors;
    if (cell.sketches.server !== undefined) callee.server.merge(cell.sketches.server);
  }
  return nodes;
}

/** Nodes that are at most so many edges away from those that one starts at, in either direction. */
export function neighbourhoodOf(
  edges: Iterable<Pick<NodeEdge, "from" | "to" | "type">>,
  start: Iterable<string>,
  hops: number,
): ReadonlySet<string> {
  let near = new Set(start);
  for (let hop = 0; hop < hops; hop++) {
    const wider = new Set(near);
    for (const { from, to, type } of edges) {
      // Everybody is called from outside: that does not make neighbours.
      if (type === "entry") continue;
      if (near.has(from)) wider.add(to);
      if (near.has(to)) wider.add(from);
    }
    near = wider;
  }
  return near;
}

/** Taken messages come from a broker, unless the sender turns out to be a service in another edge. */
function callerType(type: EdgeType, { sketches }: EdgeCell): GraphNodeType {
  if (type === "entry") return "entry";
  return type === "messaging" && sketches.server !== undefined ? "messaging" : "service";
}

/** Only services and consumers send spans of their own. */
function calleeType(type: EdgeType, { sketches }: EdgeCell): GraphNodeType {
  if (type === "rpc" || type === "entry" || sketches.server !== undefined) return "service";
  return type;
}
