/** Attribute values by key, as numbers. */

import { plainJsonFromAttribute } from "../../model/attribute-json.ts";
import type { AttributeValue } from "../../model/attribute-value.ts";

/** A key with one value of it. */
export interface AttributePair {
  readonly key: string;
  /** Strings as they are, everything else as JSON. */
  readonly value: string;
}

/** Limits of {@link AttributePairs}. */
export interface AttributePairLimits {
  /** Values kept of one key; what comes more often than that comes early. Default 2,000. */
  readonly maxValuesPerKey?: number;
  /** Values kept of all keys together: some 100 bytes each. Default 100,000. */
  readonly maxPairs?: number;
  /** Characters of a key or value that is kept; longer ones are texts to read, hardly twice the same. Default 256. */
  readonly maxTextLength?: number;
}

/** Stands for a pair that is not kept. */
export const NO_PAIR = -1;

const CHARACTER_BYTES = 2;
/** A key or value as an object, in a list and in a map. */
const ENTRY_BYTES = 120;

interface KeyEntry {
  readonly number: number;
  readonly pairs: Map<string, number>;
}

/** Numbers keys and values from 0 on, within limits. */
export class AttributePairs {
  readonly #maxValuesPerKey: number;
  readonly #maxPairs: number;
  readonly #maxTextLength: number;
  readonly #keys = new Map<string, KeyEntry>();
  readonly #keyTexts: string[] = [];
  readonly #pairs: AttributePair[] = [];
  readonly #spanCounts: number[] = [];
  #byteSize = 0;
  #refused = 0;

  constructor(limits: AttributePairLimits = {}) {
    this.#maxValuesPerKey = limits.maxValuesPerKey ?? 2_000;
    this.#maxPairs = limits.maxPairs ?? 100_000;
    this.#maxTextLength = limits.maxTextLength ?? 256;
  }

  /** Every pair, by number. */
  get pairs(): readonly AttributePair[] {
    return this.#pairs;
  }

  /** Every key, by number. */
  get keys(): readonly string[] {
    return this.#keyTexts;
  }

  /** Spans that have each pair, themselves or on their resource, as far as they were told, by number of the pair. */
  get spanCounts(): readonly number[] {
    return this.#spanCounts;
  }

  /** Bytes of the keys and values kept, and of finding them again. */
  get byteSize(): number {
    return this.#byteSize;
  }

  /** Values met that were not kept, for their number or length. */
  get refused(): number {
    return this.#refused;
  }

  /** The number of a pair, -1 (`NO_PAIR`) when it is not kept. */
  pairOf(key: string, value: AttributeValue): number {
    const text = typeof value === "string" ? value : JSON.stringify(plainJsonFromAttribute(value));
    const entry = this.#keyOf(key);
    const known = entry?.pairs.get(text);
    if (known !== undefined) return known;
    const hasRoom = this.#pairs.length < this.#maxPairs && text.length <= this.#maxTextLength;
    if (entry === undefined || !hasRoom || entry.pairs.size >= this.#maxValuesPerKey) {
      this.#refused++;
      return NO_PAIR;
    }
    this.#byteSize += text.length * CHARACTER_BYTES + ENTRY_BYTES;
    const number = this.#pairs.push({ key, value: text }) - 1;
    this.#spanCounts.push(0);
    entry.pairs.set(text, number);
    return number;
  }

  /** Tells of spans that have the pair. */
  countSpans(pair: number, spanCount: number): void {
    this.#spanCounts[pair] = (this.#spanCounts[pair] as number) + spanCount;
  }

  /** The number of a key, undefined when it is not kept. */
  keyOf(key: string): number | undefined {
    return this.#keyOf(key)?.number;
  }

  #keyOf(key: string): KeyEntry | undefined {
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    if (key.length > this.#maxTextLength || this.#keys.size >= this.#maxPairs) return undefined;
    this.#byteSize += key.length * CHARACTER_BYTES + ENTRY_BYTES;
    const entry = { number: this.#keyTexts.push(key) - 1, pairs: new Map<string, number>() };
    this.#keys.set(key, entry);
    return entry;
  }
}
