/** Call paths: the chain of operations from the root down to a span, as numbers. */

import type { SpanKind } from "../../model/span-kind.ts";
import { operationTemplate } from "../operation-template.ts";
import type { ForestSpan } from "../span-forest.ts";
import type { TraceNode, TraceTree } from "../trace-tree.ts";

/** One step of a call path. */
export interface CallPathStep {
  /** "" for time that no span covers. */
  readonly service: string;
  /** Without ids, see `operationTemplate`; in brackets for time that no span covers. */
  readonly operation: string;
  /** Undefined for time that no span covers: a missing parent, or the whole of a trace with several roots. */
  readonly kind: SpanKind | undefined;
}

/** A call path; number 0 is its first. */
export interface CallPath {
  readonly number: number;
  /** Undefined for a root. */
  readonly parent: CallPath | undefined;
  /** Steps above it. */
  readonly depth: number;
  readonly step: CallPathStep;
}

/** Limits of a {@link CallPathTable}. */
export interface CallPathLimits {
  /** Steps a path has at most; what is deeper counts to the path it would have left there. Default: no limit. */
  readonly maxDepth?: number;
  /** Paths kept; what would be further ones counts to one named `(other call paths)`. Default: no limit. */
  readonly maxPaths?: number;
}

/** The path of everything over the limit of a table. */
export const OTHER_PATHS: CallPathStep = Object.freeze({
  service: "",
  operation: "(other call paths)",
  kind: undefined,
});

const MISSING_SPAN = keyed({ service: "", operation: "(missing span)", kind: undefined });
const SEVERAL_ROOTS = keyed({ service: "", operation: "(several roots)", kind: undefined });

/** Names whose step is remembered: those without ids are few, those with ids are met once anyway. */
const MAX_KNOWN_NAMES = 10_000;
const NO_PARENT = -1;

/** Numbers the call paths of any number of traces. */
export class CallPathTable {
  readonly #maxDepth: number;
  readonly #maxPaths: number;
  readonly #paths: CallPath[] = [];
  /** Paths by parent number and key of the step. */
  readonly #numbers = new Map<number, Map<string, CallPath>>();
  readonly #steps = new StepTable();
  #others: CallPath | undefined;

  constructor(limits: CallPathLimits = {}) {
    this.#maxDepth = limits.maxDepth ?? Number.POSITIVE_INFINITY;
    this.#maxPaths = limits.maxPaths ?? Number.POSITIVE_INFINITY;
  }

  /** Every path so far, by number; a parent has a smaller number than its children. */
  get paths(): readonly CallPath[] {
    return this.#paths;
  }

  /** The path of each node of a tree, in the order of its nodes. */
  pathsOf<S extends ForestSpan>(tree: TraceTree<S>): Map<TraceNode<S>, CallPath> {
    const byNode = new Map<TraceNode<S>, CallPath>();
    for (const node of tree.nodes) {
      const parent = node.parent === undefined ? undefined : byNode.get(node.parent);
      byNode.set(node, this.#pathBelow(parent, node));
    }
    return byNode;
  }

  #pathBelow(parent: CallPath | undefined, node: TraceNode<ForestSpan>): CallPath {
    if (parent !== undefined && parent.depth + 1 >= this.#maxDepth) return parent;
    if (parent !== undefined && parent === this.#others) return parent;
    const { step, key } = this.#steps.stepOf(node);
    const siblings = this.#siblings(parent?.number ?? NO_PARENT);
    const known = siblings.get(key);
    if (known !== undefined) return known;
    if (this.#paths.length >= this.#maxPaths) return this.#overflow();
    const path = this.#add(parent, step);
    siblings.set(key, path);
    return path;
  }

  #overflow(): CallPath {
    this.#others ??= this.#add(undefined, OTHER_PATHS);
    return this.#others;
  }

  #add(parent: CallPath | undefined, step: CallPathStep): CallPath {
    const depth = parent === undefined ? 0 : parent.depth + 1;
    const path = { number: this.#paths.length, parent, depth, step };
    this.#paths.push(path);
    return path;
  }

  #siblings(parent: number): Map<string, CallPath> {
    let siblings = this.#numbers.get(parent);
    if (siblings === undefined) {
      siblings = new Map();
      this.#numbers.set(parent, siblings);
    }
    return siblings;
  }
}

/** A step and the text that equal steps have. */
interface KeyedStep {
  readonly step: CallPathStep;
  readonly key: string;
}

/** Steps of the nodes of trees. */
class StepTable {
  /** By service, then name as it was sent, then kind: a step that was met before is found without making a text. */
  readonly #known = new Map<string, Map<string, Map<SpanKind, KeyedStep>>>();
  #knownNames = 0;

  stepOf({ span, missingSpanId }: TraceNode<ForestSpan>): KeyedStep {
    if (span === undefined) return missingSpanId === undefined ? SEVERAL_ROOTS : MISSING_SPAN;
    const { serviceName, name, kind } = span;
    const byKind = this.#known.get(serviceName)?.get(name);
    const known = byKind?.get(kind);
    if (known !== undefined) return known;
    const step = keyed({ service: serviceName, operation: operationTemplate(name), kind });
    if (byKind !== undefined) byKind.set(kind, step);
    else if (this.#knownNames < MAX_KNOWN_NAMES) this.#keep(serviceName, name, new Map([[kind, step]]));
    return step;
  }

  #keep(service: string, name: string, byKind: Map<SpanKind, KeyedStep>): void {
    this.#knownNames++;
    const names = this.#known.get(service);
    if (names === undefined) this.#known.set(service, new Map([[name, byKind]]));
    else names.set(name, byKind);
  }
}

function keyed(step: CallPathStep): KeyedStep {
  return { step, key: keyOf(step) };
}

function keyOf({ service, operation, kind }: CallPathStep): string {
  return `${kind ?? ""}\0${service}\0${operation}`;
}

/**
 * The place of each path, by number, in an order that does not depend on which path was met first: parents before
 * children, then by the names of steps.
 */
export function canonicalRanks(paths: readonly CallPath[]): Uint32Array {
  const childrenOf = new Map<CallPath | undefined, CallPath[]>();
  for (const path of paths) {
    const siblings = childrenOf.get(path.parent);
    if (siblings === undefined) childrenOf.set(path.parent, [path]);
    else siblings.push(path);
  }
  const ranks = new Uint32Array(paths.length);
  const order: (CallPath | undefined)[] = [undefined];
  let rank = 0;
  for (const parent of order) {
    const children = childrenOf.get(parent) ?? [];
    if (children.length > 1) children.sort((left, right) => (keyOf(left.step) < keyOf(right.step) ? -1 : 1));
    for (const child of children) {
      ranks[child.number] = rank++;
      order.push(child);
    }
  }
  return ranks;
}

/** The steps of a path from the outermost on; the innermost ones when there are more than `maxSteps`. */
export function stepsOf(path: CallPath, maxSteps: number): readonly CallPathStep[] {
  const steps: CallPathStep[] = [];
  for (let at: CallPath | undefined = path; at !== undefined && steps.length < maxSteps; at = at.parent) {
    steps.push(at.step);
  }
  return steps.reverse();
}
