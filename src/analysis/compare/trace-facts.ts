/** Traces as facts for a {@link Cohort}. */

import type { AttributeValue } from "../../model/attribute-value.ts";
import type { Resource, Span } from "../../model/span.ts";
import { criticalPathPieces } from "../critical-path.ts";
import type { ForestSpan } from "../span-forest.ts";
import { traceTree } from "../trace-tree.ts";
import type { AttributePairs } from "./attribute-pairs.ts";
import { NO_PAIR } from "./attribute-pairs.ts";
import type { Cohort, TraceFacts } from "./cohort.ts";

/** The attributes of one resource, to be counted for each of its spans. */
export class ResourceFacts {
  readonly #attributes: AttributePairs;
  /** Numbers of the pairs. */
  readonly pairs: Set<number> = new Set();
  /** Values of the numeric attributes, by number of the key. */
  readonly numbers: Map<number, number> = new Map();

  constructor(attributes: AttributePairs) {
    this.#attributes = attributes;
  }

  /** Adds one attribute. */
  add(key: string, value: AttributeValue): void {
    if (!isComparable(value)) return;
    const pair = this.#attributes.pairOf(key, value);
    if (pair !== NO_PAIR) this.pairs.add(pair);
    addNumber(this.numbers, this.#attributes.keyOf(key), value);
  }
}

/** The attributes of one trace: a value counts once, however many spans have it. */
export class AttributeFacts {
  readonly #attributes: AttributePairs;
  readonly #pairs = new Map<number, number>();
  readonly #numbers = new Map<number, number>();

  constructor(attributes: AttributePairs) {
    this.#attributes = attributes;
  }

  /** Critical-path self time of the spans that have a value, by number of the pair. */
  get pairs(): ReadonlyMap<number, number> {
    return this.#pairs;
  }

  /** The largest value of each numeric attribute, by number of its key. */
  get numbers(): ReadonlyMap<number, number> {
    return this.#numbers;
  }

  /** Adds one attribute of a span with so much critical-path self time. */
  add(key: string, value: AttributeValue, criticalNanos: number): void {
    if (!isComparable(value)) return;
    const pair = this.#attributes.pairOf(key, value);
    if (pair !== NO_PAIR) this.#addPair(pair, criticalNanos);
    addNumber(this.#numbers, this.#attributes.keyOf(key), value);
  }

  /** Adds what the resource of a span with so much critical-path self time has. */
  addResource(resource: ResourceFacts, criticalNanos: number): void {
    for (const pair of resource.pairs) this.#addPair(pair, criticalNanos);
    for (const [key, value] of resource.numbers) addNumber(this.#numbers, key, value);
  }

  #addPair(pair: number, criticalNanos: number): void {
    this.#attributes.countSpan(pair);
    this.#pairs.set(pair, (this.#pairs.get(pair) ?? 0) + criticalNanos);
  }
}

/** False for bytes and empty values, which say nothing that could be compared. */
function isComparable(value: AttributeValue): boolean {
  return value !== null && !(value instanceof Uint8Array);
}

/** Keeps the largest value of each key; texts that look like numbers are none. */
function addNumber(numbers: Map<number, number>, key: number | undefined, value: AttributeValue): void {
  if (key === undefined || (typeof value !== "number" && typeof value !== "bigint")) return;
  const number = Number(value);
  const known = numbers.get(key);
  if (Number.isFinite(number) && (known === undefined || number > known)) numbers.set(key, number);
}

/** The facts of a trace that its times tell. */
export interface TraceTimes<S> extends Omit<TraceFacts, "pairs" | "numbers"> {
  /** Critical-path self time in nanoseconds of the spans that have any. */
  readonly criticalNanos: ReadonlyMap<S, number>;
}

/**
 * Duration, call paths and critical path of a trace.
 *
 * @param cohort whose call paths are numbered.
 * @throws RangeError when there is no span.
 */
export function traceTimes<S extends ForestSpan>(cohort: Cohort, spans: readonly S[]): TraceTimes<S> {
  const tree = traceTree({ spans });
  const pathOf = cohort.paths.pathsOf(tree);
  const paths = new Map<number, number>();
  const criticalNanos = new Map<S, number>();
  for (const { number } of pathOf.values()) paths.set(number, 0);
  for (const { node, from, to } of criticalPathPieces(tree)) {
    const number = pathOf.get(node)?.number as number;
    paths.set(number, (paths.get(number) as number) + to - from);
    if (node.span !== undefined) {
      criticalNanos.set(node.span, (criticalNanos.get(node.span) ?? 0) + to - from);
    }
  }
  return {
    durationNanos: tree.root.endNanos - tree.root.startNanos,
    startTimeUnixNano: tree.startTimeUnixNano,
    hasError: spans.some(({ status }) => status === "ERROR"),
    paths,
    criticalNanos,
  };
}

/**
 * Adds a trace of whole spans.
 *
 * @example
 * const cohort = new Cohort();
 * for (const trace of traces) addTrace(cohort, trace);
 *
 * @throws RangeError when the trace has no span.
 */
export function addTrace(cohort: Cohort, { spans }: { readonly spans: readonly Span[] }): void {
  const times = traceTimes(cohort, spans);
  const facts = new AttributeFacts(cohort.attributes);
  const known = new Map<Resource, ResourceFacts>();
  const factsOf = (resource: Resource): ResourceFacts => {
    let made = known.get(resource);
    if (made !== undefined) return made;
    made = new ResourceFacts(cohort.attributes);
    for (const [key, value] of Object.entries(resource.attributes)) made.add(key, value);
    known.set(resource, made);
    return made;
  };
  for (const span of spans) {
    const nanos = times.criticalNanos.get(span) ?? 0;
    for (const [key, value] of Object.entries(span.attributes)) facts.add(key, value, nanos);
    facts.addResource(factsOf(span.resource), nanos);
  }
  cohort.add({ ...times, pairs: facts.pairs, numbers: facts.numbers });
}
