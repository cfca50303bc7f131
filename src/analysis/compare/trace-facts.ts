/** Traces as facts for a {@link Cohort}. */

import type { AttributeValue } from "../../model/attribute-value.ts";
import type { Resource, Span } from "../../model/span.ts";
import { criticalPathPieces } from "../critical-path.ts";
import type { ForestSpan } from "../span-forest.ts";
import { traceTree } from "../trace-tree.ts";
import type { AttributePairs } from "./attribute-pairs.ts";
import { NO_PAIR } from "./attribute-pairs.ts";
import type { Cohort, TraceFacts } from "./cohort.ts";

/** What an attribute says for a comparison: the same wherever it is met. */
export interface AttributeFact {
  /** Number of the pair, or `NO_PAIR`. */
  readonly pair: number;
  /** Number of the key, of a numeric attribute whose key is kept. */
  readonly key: number | undefined;
  readonly number: number | undefined;
}

const NOTHING: AttributeFact = Object.freeze({ pair: NO_PAIR, key: undefined, number: undefined });

/** Looks at an attribute. */
export function attributeFact(attributes: AttributePairs, key: string, value: AttributeValue): AttributeFact {
  if (!isComparable(value)) return NOTHING;
  const pair = attributes.pairOf(key, value);
  const number = numberFrom(value);
  return { pair, key: number === undefined ? undefined : attributes.keyOf(key), number };
}

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
    const fact = attributeFact(this.#attributes, key, value);
    if (fact.pair !== NO_PAIR) this.pairs.add(fact.pair);
    if (fact.number !== undefined) addNumber(this.numbers, fact.key, fact.number);
  }
}

/** The spans of one resource in one trace. */
interface ResourceUse {
  spanCount: number;
  criticalNanos: number;
}

/** The attributes of one trace: a value counts once, however many spans have it. */
export class AttributeFacts {
  readonly #attributes: AttributePairs;
  readonly #pairs = new Map<number, number>();
  readonly #numbers = new Map<number, number>();
  readonly #resources = new Map<ResourceFacts, ResourceUse>();

  constructor(attributes: AttributePairs) {
    this.#attributes = attributes;
  }

  /** Adds one attribute of a span with so much critical-path self time. */
  add(key: string, value: AttributeValue, criticalNanos: number): void {
    this.addKnown(attributeFact(this.#attributes, key, value), criticalNanos);
  }

  /** The same for an attribute that was looked at before. */
  addKnown({ pair, key, number }: AttributeFact, criticalNanos: number): void {
    if (pair !== NO_PAIR) this.#addPair(pair, 1, criticalNanos);
    if (number !== undefined) addNumber(this.#numbers, key, number);
  }

  /** Adds the resource of a span with so much critical-path self time. */
  addResource(resource: ResourceFacts, criticalNanos: number): void {
    const use = this.#resources.get(resource);
    if (use === undefined) this.#resources.set(resource, { spanCount: 1, criticalNanos });
    else {
      use.spanCount++;
      use.criticalNanos += criticalNanos;
    }
  }

  /** The facts of the trace, once all of it was added. */
  facts(): Pick<TraceFacts, "pairs" | "numbers"> {
    // A resource has as many attributes as a span and far more spans than one, so it is counted once for all of them.
    for (const [resource, use] of this.#resources) {
      for (const pair of resource.pairs) this.#addPair(pair, use.spanCount, use.criticalNanos);
      for (const [key, value] of resource.numbers) addNumber(this.#numbers, key, value);
    }
    this.#resources.clear();
    return { pairs: this.#pairs, numbers: this.#numbers };
  }

  #addPair(pair: number, spanCount: number, criticalNanos: number): void {
    this.#attributes.countSpans(pair, spanCount);
    this.#pairs.set(pair, (this.#pairs.get(pair) ?? 0) + criticalNanos);
  }
}

/** False for bytes and empty values, which say nothing that could be compared. */
function isComparable(value: AttributeValue): boolean {
  return value !== null && !(value instanceof Uint8Array);
}

/** A finite number; texts that look like one are none. */
function numberFrom(value: AttributeValue): number | undefined {
  if (typeof value !== "number" && typeof value !== "bigint") return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** Keeps the largest number of each key. */
function addNumber(numbers: Map<number, number>, key: number | undefined, number: number): void {
  if (key === undefined) return;
  const known = numbers.get(key);
  if (known === undefined || number > known) numbers.set(key, number);
}

/** The facts of a trace that its times tell. */
export interface TraceTimes<S> extends Omit<TraceFacts, "pairs" | "numbers"> {
  /** Critical-path self time in nanoseconds of the spans that have any. */
  readonly criticalNanos: ReadonlyMap<S, number>;
  /** True when the clock of a host was set. */
  readonly isCorrected: boolean;
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
    isCorrected: tree.clocks.length > 0,
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
  const attributes = new AttributeFacts(cohort.attributes);
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
    for (const [key, value] of Object.entries(span.attributes)) attributes.add(key, value, nanos);
    attributes.addResource(factsOf(span.resource), nanos);
  }
  cohort.add({ ...times, ...attributes.facts() });
}
