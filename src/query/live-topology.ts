/** Who calls whom by where they run, as it is known now. */

import type { PlaceLevel, PlaceNode } from "../analysis/topology/place-node.ts";
import { placeNode } from "../analysis/topology/place-node.ts";
import type { TopologyLevels } from "../analysis/topology/topology.ts";
import { compareTopologyEdges, levelsOf } from "../analysis/topology/topology.ts";
import type { EdgeType } from "../analysis/trace-entry.ts";
import { compareValues } from "../base/compare.ts";
import { TimeSlice } from "../base/time-slice.ts";
import { EdgeCell } from "../rollup/cells.ts";
import type { LiveStatistics } from "../rollup/live-statistics.ts";
import type { EdgePair } from "../window/edges.ts";
import type { NodeEdge, NodeSums } from "./graph-nodes.ts";
import { neighbourhoodOf, nodeSumsOf } from "./graph-nodes.ts";
import { coveredOf, liveStatisticsOf, secondsRangeFrom } from "./live-range.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { CoveredRange, TextRange } from "./trace-filter.ts";

/** A window of ten thousand links takes some milliseconds: the clock is worth a look after each. */
const STEPS_OF_WINDOW = 32;

/** What of the topology is asked for. */
export interface TopologyRequest extends TextRange, TopologyLevels {
  /** Only calls that this service makes or answers. */
  readonly service?: string;
  /** Only calls that this service makes. */
  readonly callerService?: string;
  /** Only calls that this service answers. */
  readonly calleeService?: string;
  /** Only the neighbourhood of the nodes with this name or id. */
  readonly focus?: string;
  /** Edges from the focus to the rim of the neighbourhood, 1 to 10. */
  readonly hops?: number;
}

/** A node with what it answered, whoever asked. */
export interface TopologyAnswerNode extends Omit<NodeSums, "type"> {
  readonly node: PlaceNode;
  /** `place`: services run in it. */
  readonly type: NodeSums["type"] | "place";
}

/** An edge with its sums. */
export interface TopologyAnswerEdge {
  readonly from: PlaceNode;
  readonly to: PlaceNode;
  readonly type: EdgeType;
  readonly cell: EdgeCell;
}

/** A topology. */
export interface TopologyAnswer {
  readonly callerLevel: PlaceLevel;
  readonly calleeLevel: PlaceLevel;
  /** By id. */
  readonly nodes: readonly TopologyAnswerNode[];
  /** By the ids of both ends, then type. */
  readonly edges: readonly TopologyAnswerEdge[];
  readonly range: CoveredRange;
}

/**
 * The topology over a range of time, summed over whole windows: the answer says the range that they cover.
 *
 * @throws TracAggError `invalid_argument` when the range cannot be read, `unimplemented` without live statistics.
 */
export async function topologyIn(
  context: QueryContext,
  request: TopologyRequest,
  { signal }: Pick<RunningQuery, "signal">,
): Promise<TopologyAnswer> {
  const live = liveStatisticsOf(context);
  const nowMillis = context.clock.nowMillis();
  const groups = new TopologyGroups(live, request);
  const slice = new TimeSlice(signal);
  const { windows, covered } = live.topology.rollups.windowsOver(
    secondsRangeFrom(request, nowMillis, live.topology),
  );
  for (const window of windows) {
    window.addTo(groups);
    if (slice.isOver(STEPS_OF_WINDOW)) await slice.rest();
  }
  const edges = near(groups.edges(), request);
  return { ...levelsOf(request), nodes: nodesOf(edges), edges, range: coveredOf(covered, nowMillis) };
}

/** Links of places added up by the nodes that they lie in. */
class TopologyGroups {
  readonly #live: LiveStatistics;
  readonly #request: TopologyRequest;
  readonly #callerLevel: PlaceLevel;
  readonly #calleeLevel: PlaceLevel;
  readonly #edges: Map<string, TopologyAnswerEdge> = new Map();
  /** Sums by link; undefined for those that were not asked for. */
  readonly #cellOf: Map<number, EdgeCell | undefined> = new Map();

  constructor(live: LiveStatistics, request: TopologyRequest) {
    this.#live = live;
    this.#request = request;
    const { callerLevel, calleeLevel } = levelsOf(request);
    this.#callerLevel = callerLevel;
    this.#calleeLevel = calleeLevel;
  }

  spanCell(): undefined {
    return undefined;
  }

  edgeCell(link: number): EdgeCell | undefined {
    if (this.#cellOf.has(link)) return this.#cellOf.get(link);
    const cell = this.#find(link);
    this.#cellOf.set(link, cell);
    return cell;
  }

  /** By the ids of both ends, then type. */
  edges(): TopologyAnswerEdge[] {
    return [...this.#edges.values()].filter(({ cell }) => !cell.isEmpty).sort(compareTopologyEdges);
  }

  #find(id: number): EdgeCell | undefined {
    const { topology, edges } = this.#live;
    const link = topology.links.link(id);
    if (link === undefined) return undefined;
    const pair = edges.pair(link.pair);
    if (!isAskedFor(pair, this.#request)) return undefined;
    const from = placeNode(pair.fromService, topology.places.place(link.from), this.#callerLevel);
    const to = placeNode(pair.toService, topology.places.place(link.to), this.#calleeLevel);
    const text = JSON.stringify([from.id, to.id, pair.type]);
    const edge = this.#edges.get(text) ?? { from, to, type: pair.type, cell: new EdgeCell() };
    this.#edges.set(text, edge);
    return edge.cell;
  }
}

function isAskedFor({ fromService, toService }: EdgePair, request: TopologyRequest): boolean {
  const { service, callerService = fromService, calleeService = toService } = request;
  const isEither = service === undefined || service === fromService || service === toService;
  return isEither && callerService === fromService && calleeService === toService;
}

/** Edges between nodes that are at most so many edges away from the focus; all without one. */
function near(
  edges: readonly TopologyAnswerEdge[],
  { focus, hops }: TopologyRequest,
): readonly TopologyAnswerEdge[] {
  if (focus === undefined) return edges;
  const focused = edges
    .flatMap(({ from, to }) => [from, to])
    .filter(({ id, name }) => id === focus || name === focus);
  const reached = neighbourhoodOf(
    edges.map(nodeEdge),
    focused.map(({ id }) => id),
    hops ?? 1,
  );
  return edges.filter(
    ({ from, to, type }) => reached.has(to.id) && (type === "entry" || reached.has(from.id)),
  );
}

function nodesOf(edges: readonly TopologyAnswerEdge[]): TopologyAnswerNode[] {
  const nodes = new Map(edges.flatMap(({ from, to }) => [from, to]).map((node) => [node.id, node]));
  const sums = nodeSumsOf(edges.map(nodeEdge));
  const all = Array.from(nodes.values(), (node): TopologyAnswerNode => {
    const own = sums.get(node.id) as NodeSums;
    return { node, ...own, type: node.level === "service" ? own.type : "place" };
  });
  return all.sort((left, right) => compareValues(left.node.id, right.node.id));
}

function nodeEdge({ from, to, type, cell }: TopologyAnswerEdge): NodeEdge {
  return { from: from.id, to: to.id, type, cell };
}
