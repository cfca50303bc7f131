/** Traces as facts for a {@link Cohort}. */

import type { AttributeValue } from "../../model/attribute-value.ts";
import type { Resource, Span } from "../../model/span.ts";
import { criticalPathPieces } from "../critical-path.ts";
import type { ForestSpan } from "../span-forest.ts";
import { traceTree } from "../trace-tree.ts";
import type { AttributePairs } from "./attribute-pairs.ts";
import { NO_PAIR } from "./attribute-pairs.ts";
import type { Cohort, TraceFacts } from "./cohort.ts";

/** The attributes of one trace, or of one resource: a value counts once, however many spans have it. */
export class AttributeFacts {
  readonly #attributes: AttributePairs;
  readonly #pairs = new Set<number>();
  readonly #numbers = new Map<number, number>();

  constructor(attributes: AttributePairs) {
    this.#attributes = attributes;
  }

  /** Numbers of the pairs. */
  get pairs(): ReadonlySet<number> {
    return this.#pairs;
  }

  /** The largest value of each numeric attribute, by number of its key. */
  get numbers(): ReadonlyMap<number, number> {
    return this.#numbers;
  }

  /** Adds one attribute; bytes and empty values say nothing that could be compared. */
  add(key: string, value: AttributeValue): void {
    if (value === null || value instanceof Uint8Array) return;
    const pair = this.#attributes.pairOf(key, value);
    if (pair !== NO_PAIR) this.#pairs.add(pair);
    if (typeof value !== "number" && typeof value !== "bigint") return;
    const number = Number(value);
    const keyNumber = this.#attributes.keyOf(key);
    if (keyNumber !== undefined && Number.isFinite(number)) this.#addNumber(keyNumber, number);
  }

  /** Adds what others gathered, over the same numbers. */
  addAll(others: AttributeFacts): void {
    for (const pair of others.#pairs) this.#pairs.add(pair);
    for (const [key, value] of others.#numbers) this.#addNumber(key, value);
  }

  #addNumber(key: number, value: number): void {
    const known = this.#numbers.get(key);
    if (known === undefined || value > known) this.#numbers.set(key, value);
  }
}

/**
 * The facts of one trace.
 *
 * @param attributes made for the attributes of this cohort.
 * @throws RangeError when there is no span.
 */
export function traceFacts<S extends ForestSpan>(
  cohort: Cohort,
  spans: readonly S[],
  attributes: AttributeFacts,
): TraceFacts {
  const tree = traceTree({ spans });
  const pathOf = cohort.paths.pathsOf(tree);
  const paths = new Map<number, number>();
  for (const { number } of pathOf.values()) paths.set(number, 0);
  for (const { node, from, to } of criticalPathPieces(tree)) {
    const number = pathOf.get(node)?.number as number;
    paths.set(number, (paths.get(number) as number) + to - from);
  }
  const { root } = tree;
  return {
    durationNanos: root.endNanos - root.startNanos,
    startTimeUnixNano: tree.startTimeUnixNano,
    hasError: spans.some(({ status }) => status === "ERROR"),
    pairs: attributes.pairs,
    numbers: attributes.numbers,
    paths,
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
  const attributes = new AttributeFacts(cohort.attributes);
  const resources = new Set<Resource>();
  for (const span of spans) {
    for (const [key, value] of Object.entries(span.attributes)) attributes.add(key, value);
    if (resources.has(span.resource)) continue;
    resources.add(span.resource);
    for (const [key, value] of Object.entries(span.resource.attributes)) attributes.add(key, value);
  }
  cohort.add(traceFacts(cohort, spans, attributes));
}
