/** Traces as facts for a {@link Cohort}. */

import type { AttributeValue } from "../../model/attribute-value.ts";
import type { Span } from "../../model/span.ts";
import { criticalPathPieces } from "../critical-path.ts";
import type { ForestSpan } from "../span-forest.ts";
import { traceTree } from "../trace-tree.ts";
import type { AttributePairs } from "./attribute-pairs.ts";
import { NO_PAIR } from "./attribute-pairs.ts";
import type { Cohort, TraceFacts } from "./cohort.ts";

/** The attributes of one trace, or of one resource: a value counts once, however many spans have it. */
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

  /**
   * Adds one attribute of a span with so much critical-path self time; bytes and empty values say nothing that could be
   * compared.
   */
  add(key: string, value: AttributeValue, criticalNanos: number): void {
    if (value === null || value instanceof Uint8Array) return;
    const pair = this.#attributes.pairOf(key, value);
    if (pair !== NO_PAIR) this.#addPair(pair, criticalNanos);
    if (typeof value !== "number" && typeof value !== "bigint") return;
    const number = Number(value);
    const keyNumber = this.#attributes.keyOf(key);
    if (keyNumber !== undefined && Number.isFinite(number)) this.#addNumber(keyNumber, number);
  }

  /** Adds what a resource has, for a span with so much critical-path self time. */
  addResource(resource: AttributeFacts, criticalNanos: number): void {
    for (const pair of resource.#pairs.keys()) this.#addPair(pair, criticalNanos);
    for (const [key, value] of resource.#numbers) this.#addNumber(key, value);
  }

  #addPair(pair: number, criticalNanos: number): void {
    this.#pairs.set(pair, (this.#pairs.get(pair) ?? 0) + criticalNanos);
  }

  #addNumber(key: number, value: number): void {
    const known = this.#numbers.get(key);
    if (known === undefined || value > known) this.#numbers.set(key, value);
  }
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
  for (const span of spans) {
    const nanos = times.criticalNanos.get(span) ?? 0;
    for (const [key, value] of Object.entries(span.attributes)) facts.add(key, value, nanos);
    for (const [key, value] of Object.entries(span.resource.attributes)) facts.add(key, value, nanos);
  }
  cohort.add({ ...times, pairs: facts.pairs, numbers: facts.numbers });
}
