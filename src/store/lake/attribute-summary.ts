/** The summary of a segment's attributes: keys and frequent values with counts, as `attribute-summary.bin` has them. */

import { crc32 } from "node:zlib";
import { TracAggError } from "../../base/errors.ts";
import type { AttributeCounts, KeyCount, ValueCounts } from "../../batch/attribute-counts.ts";
import { compareKeys, keySum, ValueSums } from "../../batch/attribute-counts.ts";
import type { AttributeLevel, AttributeValueFacts } from "../../model/attribute-facts.ts";
import { LISTED_TYPES } from "../../model/attribute-facts.ts";
import { ByteSink } from "./byte-sink.ts";

const MAGIC = 0x53414754; // "TGAS" in the file
const SUMMARY_VERSION = 1;
const HEADER_BYTES = 12;
const CHECKSUM_BYTES = 4;

/** Keys of one summary, those of the most spans: keys made of ids are no keys that people look for. */
const MAX_KEYS = 2_048;
/** Values of one key, the most frequent: more than a list for people can show. */
export const MAX_SUMMARY_VALUES = 1_000;
/** Bytes of all values of one summary: a day of segments is then some ten MiB. */
const MAX_VALUE_BYTES = 512 * 1024;
/** About what an entry of the directory takes in memory, beside its key. */
const ENTRY_BYTES = 160;

/** Level, key, bits of types, count, number of the moment, 1 when all values are listed, length of the values in bytes. */
type KeyRow = readonly [AttributeLevel, string, number, number, number, 0 | 1, number];
/** Text, count, number of the type, number of the moment; zeros at the end are left out. */
type ValueRow = readonly [text: string, count: number, type?: number, moment?: number];

interface Directory {
  readonly isWhole: boolean;
  /** Starts of spans in nanoseconds, as decimal strings: entries name the newest one by its number here. */
  readonly moments: readonly string[];
  readonly keys: readonly KeyRow[];
}

interface SummaryEntry extends KeyCount {
  readonly isWhole: boolean;
  readonly start: number;
  readonly end: number;
}

/** The summary of one segment, whose values stay in their written form until they are asked for. */
export class AttributeSummary implements AttributeCounts {
  readonly isWhole: boolean;
  /** Bytes in memory. */
  readonly byteSize: number;
  readonly #file: Uint8Array;
  readonly #moments: readonly bigint[];
  readonly #entries: ReadonlyMap<string, SummaryEntry>;

  private constructor(file: Uint8Array, directoryEnd: number, directory: Directory) {
    this.#file = file;
    this.isWhole = directory.isWhole;
    this.#moments = directory.moments.map(BigInt);
    const entries = new Map<string, SummaryEntry>();
    let start = directoryEnd;
    let byteSize = file.length;
    for (const [level, key, types, count, moment, isWhole, length] of directory.keys) {
      const lastSeenUnixNano = this.#moments[moment] ?? 0n;
      const end = start + length;
      entries.set(`${level}:${key}`, {
        ...{ level, key, types, count, lastSeenUnixNano },
        ...{ isWhole: isWhole === 1, start, end },
      });
      start = end;
      byteSize += ENTRY_BYTES + key.length * 2;
    }
    this.#entries = entries;
    this.byteSize = byteSize;
  }

  /**
   * Reads what {@link encodeSummary} wrote.
   *
   * @throws TracAggError `data_corrupt` when magic, version or checksum do not match.
   */
  static decode(file: Uint8Array): AttributeSummary {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const body = file.length - CHECKSUM_BYTES;
    const isIntact =
      body >= HEADER_BYTES &&
      view.getUint32(0, true) === MAGIC &&
      view.getUint32(4, true) === SUMMARY_VERSION &&
      crc32(file.subarray(0, body)) === view.getUint32(body, true);
    if (!isIntact)
      throw new TracAggError("data_corrupt", "attribute summary: magic number or checksum does not match");
    const end = HEADER_BYTES + view.getUint32(8, true);
    const text = new TextDecoder().decode(file.subarray(HEADER_BYTES, end));
    return new AttributeSummary(file, end, JSON.parse(text) as Directory);
  }

  keys(): Iterable<KeyCount> {
    return this.#entries.values();
  }

  values(level: AttributeLevel, key: string): ValueCounts | undefined {
    const entry = this.#entries.get(`${level}:${key}`);
    return entry === undefined ? undefined : { values: this.#valuesOf(entry), isWhole: entry.isWhole };
  }

  *#valuesOf({ start, end }: SummaryEntry): Generator<AttributeValueFacts, void> {
    const text = new TextDecoder().decode(this.#file.subarray(start, end));
    for (const [value, count, type = 0, moment = 0] of JSON.parse(text) as ValueRow[]) {
      const lastSeenUnixNano = this.#moments[moment] ?? 0n;
      yield { type: LISTED_TYPES[type] ?? "string", text: value, count, lastSeenUnixNano };
    }
  }
}

/**
 * One summary of several counts: the keys of the most spans, and of each the most frequent values, as many as the bounds
 * let in.
 *
 * File form: magic, version, length of the directory, the directory (JSON), the values of each key (JSON, end to end),
 * CRC-32 of all before. Numbers are 32-bit, least significant byte first.
 */
export function encodeSummary(all: readonly AttributeCounts[]): Uint8Array {
  const sums = new Map<string, KeyCount>();
  for (const counts of all) {
    for (const entry of counts.keys()) {
      const id = `${entry.level}:${entry.key}`;
      const known = sums.get(id);
      sums.set(id, known === undefined ? entry : keySum(known, entry));
    }
  }
  const keys = [...sums.values()].sort(compareKeys);
  const isWhole = keys.length <= MAX_KEYS && all.every((counts) => counts.isWhole);
  const writer = new SummaryWriter(keys.slice(0, MAX_KEYS), all);
  return writer.file(isWhole);
}

/** The values of one key, most frequent first. */
interface SortedValues {
  readonly values: readonly AttributeValueFacts[];
  readonly isWhole: boolean;
}

class SummaryWriter {
  readonly #keys: readonly KeyCount[];
  readonly #values: readonly SortedValues[];
  readonly #moments = new Map<bigint, number>();
  readonly #encoder = new TextEncoder();

  constructor(keys: readonly KeyCount[], all: readonly AttributeCounts[]) {
    this.#keys = keys;
    this.#values = keys.map((key) => sortedValues(key, all));
  }

  file(isWhole: boolean): Uint8Array {
    let limit = MAX_SUMMARY_VALUES;
    let values = this.#encoded(limit);
    while (values.reduce((sum, { length }) => sum + length, 0) > MAX_VALUE_BYTES) {
      limit = Math.floor(limit / 2);
      values = this.#encoded(limit);
    }
    const keys = this.#keys.map(({ level, key, types, count, lastSeenUnixNano }, index): KeyRow => {
      const { values: all, isWhole: isListed } = this.#values[index]!;
      const isAll = isListed && all.length <= limit;
      return [
        level,
        key,
        types,
        count,
        this.#momentOf(lastSeenUnixNano),
        isAll ? 1 : 0,
        values[index]!.length,
      ];
    });
    const directory: Directory = { isWhole, moments: [...this.#moments.keys()].map(String), keys };
    const text = this.#encoder.encode(JSON.stringify(directory));
    const sink = new ByteSink();
    for (const word of [MAGIC, SUMMARY_VERSION, text.length]) appendUint32(sink, word);
    sink.append(text);
    for (const bytes of values) sink.append(bytes);
    appendUint32(sink, crc32(sink.bytes.subarray(0, sink.length)));
    return sink.copy();
  }

  #encoded(limit: number): readonly Uint8Array[] {
    return this.#values.map(({ values }) => {
      const rows = values.slice(0, limit).map((value) => this.#rowOf(value));
      return this.#encoder.encode(JSON.stringify(rows));
    });
  }

  #rowOf({ type, text, count, lastSeenUnixNano }: AttributeValueFacts): ValueRow {
    const moment = this.#momentOf(lastSeenUnixNano);
    const number = LISTED_TYPES.indexOf(type);
    if (moment !== 0) return [text, count, number, moment];
    return number === 0 ? [text, count] : [text, count, number];
  }

  #momentOf(unixNano: bigint): number {
    let number = this.#moments.get(unixNano);
    if (number === undefined) {
      number = this.#moments.size;
      this.#moments.set(unixNano, number);
    }
    return number;
  }
}

function sortedValues({ level, key }: KeyCount, all: readonly AttributeCounts[]): SortedValues {
  const sums = new ValueSums();
  let isWhole = true;
  for (const counts of all) {
    const found = counts.values(level, key);
    if (found === undefined) continue;
    isWhole &&= found.isWhole;
    for (const value of found.values) sums.add(value);
  }
  return { values: sums.sorted(), isWhole };
}

function appendUint32(sink: ByteSink, value: number): void {
  for (let shift = 0; shift < 32; shift += 8) sink.appendByte((value >>> shift) & 0xff);
}
