/** Counts of attribute keys and values, and answers out of several of them. */

import { compareValues } from "../base/compare.ts";
import type {
  AttributeKeyFacts,
  AttributeLevel,
  AttributeType,
  AttributeValueFacts,
  ListedType,
} from "../model/attribute-facts.ts";
import { ATTRIBUTE_TYPES } from "../model/attribute-facts.ts";

/** Texts longer than this, in UTF-16 units, are not listed: nobody picks them from a list. */
export const MAX_LISTED_VALUE_LENGTH = 256;

/** A key with its count; bit t of `types` stands for type number t of `ATTRIBUTE_TYPES`. */
export interface KeyCount extends Omit<AttributeKeyFacts, "types"> {
  readonly types: number;
}

/** The values of a key that are listed. */
export interface ValueCounts {
  readonly values: Iterable<AttributeValueFacts>;
  /** False when the key has others. */
  readonly isWhole: boolean;
}

/** Counts over some spans. */
export interface AttributeCounts {
  /** False when there are keys, or spans, that were not counted. */
  readonly isWhole: boolean;
  /** Every key of every level once. */
  keys(): Iterable<KeyCount>;
  /** Undefined for a key that does not occur. */
  values(level: AttributeLevel, key: string): ValueCounts | undefined;
}

/** Which entries of a sum are wanted. */
export interface CountsQuestion {
  readonly limit: number;
  readonly prefix?: string | undefined;
}

/** The bit of a type. */
export function typeBit(type: AttributeType): number {
  return 1 << ATTRIBUTE_TYPES.indexOf(type);
}

/** The types of a set of bits. */
export function typesOf(bits: number): readonly AttributeType[] {
  return ATTRIBUTE_TYPES.filter((_, index) => (bits & (1 << index)) !== 0);
}

/** The keys of several counts, added up: most spans first, then by key, then by level. */
export function summedKeys(
  all: readonly AttributeCounts[],
  { level, limit, prefix = "" }: CountsQuestion & { readonly level?: AttributeLevel | undefined },
): { readonly keys: readonly AttributeKeyFacts[]; readonly isWhole: boolean } {
  const isWanted = beginsWith(prefix);
  const sums = new Map<string, KeyCount>();
  for (const counts of all) {
    for (const entry of counts.keys()) {
      if ((level !== undefined && entry.level !== level) || !isWanted(entry.key)) continue;
      const id = `${entry.level}:${entry.key}`;
      const known = sums.get(id);
      sums.set(id, known === undefined ? entry : keySum(known, entry));
    }
  }
  const sorted = [...sums.values()].sort(compareKeys);
  return {
    keys: sorted.slice(0, limit).map((entry) => ({ ...entry, types: typesOf(entry.types) })),
    isWhole: sorted.length <= limit && all.every(({ isWhole }) => isWhole),
  };
}

/** The values of a key at some levels in several counts, added up: the most frequent first, then the newest, then by text. */
export function summedValues(
  all: readonly AttributeCounts[],
  {
    levels,
    key,
    limit,
    prefix = "",
  }: CountsQuestion & {
    readonly levels: readonly AttributeLevel[];
    readonly key: string;
  },
): { readonly values: readonly AttributeValueFacts[]; readonly isWhole: boolean } {
  const isWanted = beginsWith(prefix);
  const sums = new ValueSums();
  let isWhole = all.every((counts) => counts.isWhole);
  for (const counts of all) {
    for (const level of levels) {
      const found = counts.values(level, key);
      if (found === undefined) continue;
      isWhole &&= found.isWhole;
      for (const value of found.values) if (isWanted(value.text)) sums.add(value);
    }
  }
  return { values: sums.first(limit), isWhole: isWhole && sums.size <= limit };
}

/** Sums by type and text. */
export class ValueSums {
  readonly #byType: Readonly<Record<ListedType, Map<string, AttributeValueFacts>>> = {
    string: new Map(),
    int: new Map(),
    float: new Map(),
    bool: new Map(),
  };

  add(value: AttributeValueFacts): void {
    const values = this.#byType[value.type];
    const known = values.get(value.text);
    if (known === undefined) values.set(value.text, value);
    else {
      values.set(value.text, {
        type: value.type,
        text: value.text,
        count: known.count + value.count,
        lastSeenUnixNano: later(known.lastSeenUnixNano, value.lastSeenUnixNano),
      });
    }
  }

  /** Different values. */
  get size(): number {
    return Object.values(this.#byType).reduce((sum, values) => sum + values.size, 0);
  }

  /** The most frequent first, then the newest, then by text, then by type. */
  sorted(): AttributeValueFacts[] {
    return this.first(this.size);
  }

  /** The beginning of {@link ValueSums.sorted}, without sorting the rest: of ids there are tens of thousands. */
  first(limit: number): AttributeValueFacts[] {
    const best: AttributeValueFacts[] = [];
    let worst: AttributeValueFacts | undefined;
    for (const values of Object.values(this.#byType)) {
      for (const value of values.values()) {
        if (worst !== undefined && compareFacts(value, worst) >= 0) continue;
        best.push(value);
        if (best.length >= limit * 2 + MIN_SORTED) worst = cut(best, limit).at(-1);
      }
    }
    return cut(best, limit);
  }
}

/** Values sorted in one go at least. */
const MIN_SORTED = 1_024;

function cut(values: AttributeValueFacts[], limit: number): AttributeValueFacts[] {
  values.sort(compareFacts);
  if (values.length > limit) values.length = limit;
  return values;
}

/** One key out of two. */
export function keySum(left: KeyCount, right: KeyCount): KeyCount {
  return {
    level: left.level,
    key: left.key,
    types: left.types | right.types,
    count: left.count + right.count,
    lastSeenUnixNano: later(left.lastSeenUnixNano, right.lastSeenUnixNano),
  };
}

/** Most spans first, then by key, then by level. */
export function compareKeys(left: KeyCount, right: KeyCount): number {
  return (
    right.count - left.count ||
    compareValues(left.key, right.key) ||
    compareValues(left.level as string, right.level)
  );
}

function compareFacts(left: AttributeValueFacts, right: AttributeValueFacts): number {
  return (
    right.count - left.count ||
    compareValues(right.lastSeenUnixNano, left.lastSeenUnixNano) ||
    compareValues(left.text, right.text) ||
    compareValues(left.type as string, right.type)
  );
}

function later(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}

/** Whether texts begin with a prefix, whatever their case. */
function beginsWith(prefix: string): (text: string) => boolean {
  if (prefix === "") return () => true;
  const wanted = prefix.toLowerCase();
  return (text) => text.slice(0, prefix.length).toLowerCase() === wanted;
}
