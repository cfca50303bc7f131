/** What there is to ask for in a corpus: its services, and attribute values that are common, rare and absent. */

import type { AttributeValue } from "../../src/model/attribute-value.ts";
import type { Span } from "../../src/model/span.ts";

/** An attribute and its value. */
export interface AttributePair {
  readonly key: string;
  readonly value: string;
}

/** Things to ask for. */
export interface CorpusFacts {
  /** The five with the most spans. */
  readonly services: readonly string[];
  /** On many spans, but on no more than a fifth. */
  readonly common: AttributePair | undefined;
  /** On one span in each pass over the corpus. */
  readonly rare: AttributePair | undefined;
  /** The rare key with a value that nobody sent, in the midst of those that somebody did. */
  readonly absent: AttributePair | undefined;
  /** The most frequent value of a key on so few spans that segments give it no column. */
  readonly seldom: AttributePair | undefined;
}

const SERVICES = 5;
const MIN_DISTINCT_VALUES = 5;
const MAX_COMMON_SHARE = 0.2;
/** Half of the share from which on a key has a column. */
const SELDOM_SHARE = 0.015;

type Counts = ReadonlyMap<string, number>;

/** Looks through all spans of a corpus. */
export function corpusFacts(spans: readonly Span[]): CorpusFacts {
  const byService = new Map<string, number>();
  const byKey = new Map<string, Map<string, number>>();
  for (const span of spans) {
    count(byService, span.serviceName);
    for (const [key, value] of Object.entries(span.attributes)) countValue(byKey, key, value);
  }
  const varied = [...byKey].filter(([, values]) => values.size >= MIN_DISTINCT_VALUES);
  const rare = rarePair(varied);
  return {
    services: [...byService]
      .sort(([, left], [, right]) => right - left)
      .slice(0, SERVICES)
      .map(([service]) => service),
    common: commonPair(varied, spans.length * MAX_COMMON_SHARE),
    rare,
    seldom: commonPair(
      [...byKey].filter(([, values]) => spansOf(values) < spans.length * SELDOM_SHARE),
      spans.length,
    ),
    absent: rare === undefined ? undefined : { key: rare.key, value: `${rare.value}0` },
  };
}

function spansOf(values: Counts): number {
  return [...values.values()].reduce((sum, spans) => sum + spans, 0);
}

function count(counts: Map<string, number>, value: string): void {
  counts.set(value, (counts.get(value) ?? 0) + 1);
}

function countValue(byKey: Map<string, Map<string, number>>, key: string, value: AttributeValue): void {
  if (typeof value !== "string") return;
  const values = byKey.get(key) ?? new Map<string, number>();
  byKey.set(key, values);
  count(values, value);
}

function commonPair(
  keys: readonly (readonly [string, Counts])[],
  maxCount: number,
): AttributePair | undefined {
  const pairs = keys.flatMap(([key, values]) =>
    [...values].map(([value, spans]) => ({ key, value, spans })).filter(({ spans }) => spans <= maxCount),
  );
  const best = pairs.sort((left, right) => right.spans - left.spans)[0];
  return best === undefined ? undefined : { key: best.key, value: best.value };
}

function rarePair(keys: readonly (readonly [string, Counts])[]): AttributePair | undefined {
  for (const [key, values] of [...keys].sort(([, left], [, right]) => right.size - left.size)) {
    for (const [value, spans] of values) if (spans === 1) return { key, value };
  }
  return undefined;
}
