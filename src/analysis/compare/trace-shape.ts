/** Shapes of traces: what called what, without ids, times and durations. */

import { operationTemplate } from "../operation-template.ts";
import type { ForestSpan } from "../span-forest.ts";
import type { TraceNode, TraceTree } from "../trace-tree.ts";
import { traceTree } from "../trace-tree.ts";
import type { ShapeHash } from "./shape-hash.ts";
import { compareHashes, HashMixer, hexOf, textHash } from "./shape-hash.ts";

/**
 * What counts for two traces to have one shape, coarsest first. A span is its service, operation without ids, kind, and
 * whether it failed.
 *
 * - `set`: which spans call which; how often and in which order does not count.
 * - `multiset`: how often too, in steps of 1, 2-3, 4-7, 8-15 and so on.
 * - `ordered`: every call, by start; the order of calls that start at one moment does not count.
 */
export type ShapeLevel = "set" | "multiset" | "ordered";

/** All levels, coarsest first. */
export const SHAPE_LEVELS: readonly ShapeLevel[] = Object.freeze(["set", "multiset", "ordered"]);

/** The shape of a trace at each level, as 32 lower-case hex digits. */
export type TraceShape = Readonly<Record<ShapeLevel, string>>;

/**
 * The shape of a trace. Two traces have the same hash at a level when they are isomorphic under it: neither the order
 * of the spans nor ids nor a shift in time matter.
 *
 * Bottom up, a hash over each span and the hashes of its children, without recursion. Spans whose subtrees are alike
 * are hashed once.
 *
 * @throws RangeError when the trace has no span.
 */
export function traceShape<S extends ForestSpan>(trace: { readonly spans: readonly S[] }): TraceShape {
  return new ShapeTable().shapeOf(traceTree(trace));
}

/** Children of a node that is yet to get its class: runs of classes, and how often each comes. */
interface ChildRun {
  /** Ascending. */
  readonly classes: readonly number[];
  /** How often each of the classes counts. */
  readonly counts: readonly number[];
}

/** A span by what counts of it. */
interface Label {
  readonly number: number;
  readonly hash: ShapeHash;
}

interface ShapeClass {
  readonly label: Label;
  /** One run for `set` and `multiset`; one for each moment at which calls start for `ordered`. */
  readonly runs: readonly ChildRun[];
  hash: ShapeHash | undefined;
}

/** Subtrees that are alike, of any number of traces, as numbers: equal numbers, equal shapes. */
export class ShapeTable {
  readonly #classes: Readonly<Record<ShapeLevel, ShapeClass[]>> = { set: [], multiset: [], ordered: [] };
  readonly #numbers: Readonly<Record<ShapeLevel, Map<string, number>>> = {
    set: new Map(),
    multiset: new Map(),
    ordered: new Map(),
  };
  readonly #labels = new Map<string, Label>();
  readonly #labelsByText = new Map<string, Label>();

  /** The class of each node of a tree. */
  classesOf<S extends ForestSpan>(tree: TraceTree<S>, level: ShapeLevel): Map<TraceNode<S>, number> {
    const byNode = new Map<TraceNode<S>, number>();
    for (let index = tree.nodes.length - 1; index >= 0; index--) {
      const node = tree.nodes[index] as TraceNode<S>;
      byNode.set(node, this.#classOf(level, this.#labelOf(node), runsOf(node.children, byNode, level)));
    }
    return byNode;
  }

  /** The shape of a whole tree. */
  shapeOf<S extends ForestSpan>(tree: TraceTree<S>): TraceShape {
    const hashOfRoot = (level: ShapeLevel): string =>
      this.hashOf(level, this.classesOf(tree, level).get(tree.root) as number);
    return { set: hashOfRoot("set"), multiset: hashOfRoot("multiset"), ordered: hashOfRoot("ordered") };
  }

  /** 32 hex digits, the same for like subtrees in any table. */
  hashOf(level: ShapeLevel, number: number): string {
    const classes = this.#classes[level];
    for (const at of unhashedBelow(classes, number)) {
      const each = classes[at] as ShapeClass;
      each.hash = hashOf(each, classes);
    }
    return hexOf(hashAt(classes, number));
  }

  #classOf(level: ShapeLevel, label: Label, runs: readonly ChildRun[]): number {
    const texts = runs.map(({ classes, counts }) => `${classes.join()}*${counts.join()}`);
    const key = `${label.number}:${texts.join(";")}`;
    const numbers = this.#numbers[level];
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#classes[level].push({ label, runs, hash: undefined }) - 1;
    numbers.set(key, number);
    return number;
  }

  #labelOf({ span, missingSpanId }: TraceNode<ForestSpan>): Label {
    if (span === undefined)
      return this.#labelOfText(missingSpanId === undefined ? "several roots" : "missing");
    const isError = span.status === "ERROR";
    const key = `${span.kind}\0${isError}\0${span.serviceName}\0${span.name}`;
    let label = this.#labels.get(key);
    if (label === undefined) {
      const operation = operationTemplate(span.name);
      label = this.#labelOfText(JSON.stringify([span.serviceName, operation, span.kind, isError]));
      this.#labels.set(key, label);
    }
    return label;
  }

  #labelOfText(text: string): Label {
    let label = this.#labelsByText.get(text);
    if (label === undefined) {
      label = { number: this.#labelsByText.size, hash: textHash(text) };
      this.#labelsByText.set(text, label);
    }
    return label;
  }
}

function runsOf<S extends ForestSpan>(
  children: readonly TraceNode<S>[],
  byNode: ReadonlyMap<TraceNode<S>, number>,
  level: ShapeLevel,
): ChildRun[] {
  if (children.length === 0) return [];
  if (level !== "ordered") return [runOf(children, byNode, level)];
  const runs: ChildRun[] = [];
  for (let start = 0; start < children.length; ) {
    const { startNanos } = children[start] as TraceNode<S>;
    let end = start + 1;
    while (end < children.length && (children[end] as TraceNode<S>).startNanos === startNanos) end++;
    runs.push(runOf(children.slice(start, end), byNode, level));
    start = end;
  }
  return runs;
}

function runOf<S extends ForestSpan>(
  children: readonly TraceNode<S>[],
  byNode: ReadonlyMap<TraceNode<S>, number>,
  level: ShapeLevel,
): ChildRun {
  const times = new Map<number, number>();
  for (const child of children) {
    const childClass = byNode.get(child) as number;
    times.set(childClass, (times.get(childClass) ?? 0) + 1);
  }
  const classes = [...times.keys()].sort((left, right) => left - right);
  return { classes, counts: classes.map((each) => countAt(level, times.get(each) as number)) };
}

/** How a number of like siblings counts at a level. */
function countAt(level: ShapeLevel, times: number): number {
  if (level === "set") return 1;
  return level === "multiset" ? Math.floor(Math.log2(times)) : times;
}

/** Classes at and below one that have no hash yet, children before parents: a parent's number is always larger. */
function unhashedBelow(classes: readonly ShapeClass[], number: number): number[] {
  const found = new Set<number>();
  const stack = [number];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const { hash, runs } = classes[at] as ShapeClass;
    if (hash !== undefined || found.has(at)) continue;
    found.add(at);
    for (const run of runs) for (const child of run.classes) stack.push(child);
  }
  return [...found].sort((left, right) => left - right);
}

function hashOf({ label, runs }: ShapeClass, classes: readonly ShapeClass[]): ShapeHash {
  const mixer = new HashMixer(label.hash);
  for (const run of runs) {
    const children = run.classes.map((child, at) => ({
      hash: hashAt(classes, child),
      count: run.counts[at] as number,
    }));
    // Class numbers depend on what else is in the table, hashes do not.
    children.sort((left, right) => compareHashes(left.hash, right.hash));
    mixer.add(children.length);
    for (const { hash, count } of children) {
      mixer.addHash(hash);
      mixer.add(count);
    }
  }
  return mixer.hash();
}

function hashAt(classes: readonly ShapeClass[], number: number): ShapeHash {
  return (classes[number] as ShapeClass).hash as ShapeHash;
}
