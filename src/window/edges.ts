/** Edges of the dependency graph, each once under a number, in bounded number. */

import type { EdgeType } from "../analysis/trace-entry.ts";
import { OTHER_OPERATIONS, OTHER_SERVICES } from "./operations.ts";

export type { EdgeType } from "../analysis/trace-entry.ts";
export { ENTRY_NODE } from "../analysis/trace-entry.ts";

/** From an operation of one node to an operation of another. */
export interface EdgeKey {
  readonly fromService: string;
  readonly toService: string;
  readonly type: EdgeType;
  /** The operation that the calling service was busy with, "" for brokers and entries. */
  readonly fromOperation: string;
  /** The operation called: the callee's span, or the caller's where the callee sends none; "" for brokers. */
  readonly toOperation: string;
}

/** The two nodes of an edge, and what is between them: edges of all operations of the two are of one pair. */
export type EdgePair = Pick<EdgeKey, "fromService" | "toService" | "type">;

/** Edges told apart; beyond it those between the same two nodes are one. */
export const DEFAULT_MAX_EDGES = 20_000;

/** Numbers for edges. Once given, a number stays. */
export class Edges {
  readonly #max: number;
  readonly #idByKey: Map<string, number> = new Map();
  readonly #keys: EdgeKey[] = [];
  readonly #pairByText: Map<string, number> = new Map();
  readonly #pairs: EdgePair[] = [];
  /** Pair of each edge. */
  readonly #pairOf: number[] = [];
  /** Calls that were counted on an edge of other operations or services than their own. */
  overflowed = 0;

  constructor(maxEdges: number = DEFAULT_MAX_EDGES) {
    this.#max = maxEdges;
  }

  /** Edges known. */
  get count(): number {
    return this.#keys.length;
  }

  /** The number of an edge. */
  idOf(edge: EdgeKey): number {
    const known = this.#idByKey.get(edgeText(edge));
    if (known !== undefined) return known;
    if (this.#keys.length < this.#max) return this.#give(edge);
    this.overflowed++;
    const others = { fromOperation: OTHER_OPERATIONS, toOperation: OTHER_OPERATIONS };
    const between = { ...edge, ...others };
    const knownBetween = this.#idByKey.get(edgeText(between));
    if (knownBetween !== undefined) return knownBetween;
    if (this.#keys.length < this.#max * 2) return this.#give(between);
    const last = { fromService: OTHER_SERVICES, toService: OTHER_SERVICES, type: edge.type, ...others };
    return this.#idByKey.get(edgeText(last)) ?? this.#give(last);
  }

  /** The edge with a number. */
  key(id: number): EdgeKey {
    return this.#keys[id] as EdgeKey;
  }

  /** The number of an edge's pair. Pairs are numbered as edges are, so that edges that are restored give them back. */
  pairOf(id: number): number {
    return this.#pairOf[id] as number;
  }

  /** The pair with a number. */
  pair(pair: number): EdgePair {
    return this.#pairs[pair] as EdgePair;
  }

  /** Edges from a number on. */
  from(first: number): EdgeKey[] {
    return this.#keys.slice(first);
  }

  /** Gives the next number to an edge that was stored with it, whatever the bound is now. */
  restore(edge: EdgeKey): void {
    this.#give(edge);
  }

  #give(edge: EdgeKey): number {
    const id = this.#keys.length;
    this.#keys.push(edge);
    this.#idByKey.set(edgeText(edge), id);
    this.#pairOf.push(this.#pairNumber(edge));
    return id;
  }

  #pairNumber({ fromService, toService, type }: EdgeKey): number {
    const text = JSON.stringify([fromService, toService, type]);
    const known = this.#pairByText.get(text);
    if (known !== undefined) return known;
    this.#pairByText.set(text, this.#pairs.length);
    return this.#pairs.push({ fromService, toService, type }) - 1;
  }
}

/** One text for each edge: equal for equal edges only. */
export function edgeText(edge: EdgeKey): string {
  return JSON.stringify([edge.fromService, edge.toService, edge.type, edge.fromOperation, edge.toOperation]);
}
