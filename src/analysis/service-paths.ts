/** Paths of calls through services, merged over many traces. */

import type { ForestSpan } from "./span-forest.ts";
import { spanForest } from "./span-forest.ts";

/** A service and what it was asked for. */
export interface PathNode {
  readonly service: string;
  readonly operation: string;
}

/** A path from where a trace begins to a service that calls none further. */
export interface ServicePath {
  readonly nodes: readonly PathNode[];
  /** Traces it occurs in, the first ones added. */
  readonly exemplarTraceIds: readonly string[];
}

/** How much is kept. */
export interface ServicePathLimits {
  /** Places in paths told apart; what would need more is left out. Default 20,000. */
  readonly maxNodes?: number;
  /** Exemplars of a path. Default 5. */
  readonly maxExemplars?: number;
}

/** A place in a path: all paths that begin alike share their beginning. */
interface PathPlace {
  readonly node: PathNode;
  readonly above: PathPlace | undefined;
  readonly below: Map<string, PathPlace>;
  /** Traces in which a path ends here. */
  readonly exemplars: string[];
}

/** A span by which a service is entered. */
interface Entry {
  readonly place: PathPlace;
  /** True while no other service is entered below it. */
  isLast: boolean;
}

/** Which paths are wanted. */
export interface FocalNode {
  readonly service: string;
  /** Absent: any of its operations. */
  readonly operation?: string | undefined;
}

/**
 * Collects paths. The nodes of a path are the spans by which a service is entered: roots, spans that are asked from
 * outside (SERVER, CONSUMER), and spans of another service than the one before.
 *
 * ```
 *   web SERVER /buy  >  web CLIENT  >  shop SERVER buy  >  shop INTERNAL  >  db SERVER query
 *   web /buy         >                 shop buy         >                    db query
 * ```
 */
export class ServicePaths {
  readonly #maxNodes: number;
  readonly #maxExemplars: number;
  readonly #starts: Map<string, PathPlace> = new Map();
  #nodeCount = 0;
  #isFull = false;

  constructor({ maxNodes = 20_000, maxExemplars = 5 }: ServicePathLimits = {}) {
    this.#maxNodes = maxNodes;
    this.#maxExemplars = maxExemplars;
  }

  /** True when paths were left out for their number. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Adds the paths of a trace. */
  add(traceId: string, input: readonly ForestSpan[]): void {
    const { spans, parents, parentsFirst } = spanForest(input);
    const entries: (Entry | undefined)[] = new Array(spans.length);
    const fresh: Entry[] = [];
    for (const index of parentsFirst) {
      const span = spans[index] as ForestSpan;
      const above = entries[parents[index] as number];
      const place = isEntry(span, above?.place) ? this.#placeBelow(above?.place, span) : undefined;
      entries[index] = above;
      if (place === undefined) continue;
      const entry = { place, isLast: true };
      entries[index] = entry;
      fresh.push(entry);
      if (above !== undefined) above.isLast = false;
    }
    const ends = new Set(fresh.filter(({ isLast }) => isLast).map(({ place }) => place));
    for (const { exemplars } of ends) {
      if (exemplars.length < this.#maxExemplars) exemplars.push(traceId);
    }
  }

  /** Paths through a node, by their nodes from the first on, one that ends earlier before those that go on. */
  through(focal: FocalNode): readonly ServicePath[] {
    const paths: ServicePath[] = [];
    const waiting = [...this.#starts.values()];
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      waiting.push(...place.below.values());
      if (place.exemplars.length === 0) continue;
      const nodes = nodesTo(place);
      if (nodes.some((node) => isFocal(node, focal))) {
        paths.push({ nodes, exemplarTraceIds: place.exemplars });
      }
    }
    return paths
      .map((path) => ({ path, text: path.nodes.map((node) => JSON.stringify(node)).join() }))
      .sort((left, right) => (left.text < right.text ? -1 : 1))
      .map(({ path }) => path);
  }

  #placeBelow(above: PathPlace | undefined, span: ForestSpan): PathPlace | undefined {
    const below = above?.below ?? this.#starts;
    const key = JSON.stringify([span.serviceName, span.name]);
    const known = below.get(key);
    if (known !== undefined) return known;
    if (this.#nodeCount === this.#maxNodes) {
      this.#isFull = true;
      return undefined;
    }
    this.#nodeCount++;
    const node = { service: span.serviceName, operation: span.name };
    const place = { node, above, below: new Map(), exemplars: [] };
    below.set(key, place);
    return place;
  }
}

function isEntry({ kind, serviceName }: ForestSpan, above: PathPlace | undefined): boolean {
  if (above === undefined || kind === "SERVER" || kind === "CONSUMER") return true;
  return serviceName !== above.node.service;
}

function nodesTo(last: PathPlace): readonly PathNode[] {
  const nodes: PathNode[] = [];
  for (let place: PathPlace | undefined = last; place !== undefined; place = place.above)
    nodes.push(place.node);
  return nodes.reverse();
}

function isFocal({ service, operation }: PathNode, focal: FocalNode): boolean {
  return service === focal.service && (focal.operation === undefined || operation === focal.operation);
}
