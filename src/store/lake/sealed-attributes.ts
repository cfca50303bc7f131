/** Counts of attributes of the spans of a seal, out of what the seal has enumerated already. */

import { ProtobufReader } from "../../base/protobuf-reader.ts";
import { AttributeCounter } from "../../batch/attribute-counter.ts";
import type { AttributeCounts, KeyCount, ValueCounts } from "../../batch/attribute-counts.ts";
import { MAX_LISTED_VALUE_LENGTH, typeBit } from "../../batch/attribute-counts.ts";
import { keyValueFrom } from "../../batch/attribute-decode.ts";
import type { ListedValues } from "../../batch/listed-values.ts";
import { listedValuesOf } from "../../batch/listed-values.ts";
import type { AttributeLevel, AttributeValueFacts, ListedType } from "../../model/attribute-facts.ts";
import type { AttributeColumns, KeyFacts } from "./attribute-columns.ts";
import type { AttributePairs } from "./attribute-pairs.ts";
import { PairType } from "./attribute-pairs.ts";
import { encodeSummary, MAX_SUMMARY_VALUES } from "./attribute-summary.ts";
import type { ResourceTable } from "./resource-table.ts";
import type { RowAttributes } from "./row-attributes.ts";
import type { SealRows } from "./seal-rows.ts";

/** Counts above this are one class when the most frequent values of a key are looked for. */
const COUNT_CLASSES = 4_096;

const TYPES: ReadonlyMap<number, ListedType> = new Map([
  [PairType.STRING, "string"],
  [PairType.INT, "int"],
  [PairType.DOUBLE, "float"],
  [PairType.BOOL, "bool"],
]);

/** What a summary is made from. */
export interface SealedAttributes {
  readonly rows: SealRows;
  /** The distinct rows. */
  readonly order: Uint32Array;
  readonly attributes: RowAttributes;
  readonly columns: AttributeColumns;
  readonly origins: ResourceTable;
}

/** The bytes of `attribute-summary.bin` for a seal. */
export function sealedSummary(sealed: SealedAttributes): Uint8Array {
  const newest = newestStart(sealed);
  return encodeSummary([new PairCounts(sealed, newest), otherCounts(sealed, newest)]);
}

function newestStart({ rows: { startWords }, order }: SealedAttributes): bigint {
  let high = 0;
  let low = 0;
  for (let at = 0; at < order.length; at++) {
    const word = order[at]! * 2;
    const rowHigh = startWords[word + 1]!;
    if (rowHigh < high) continue;
    if (rowHigh > high || startWords[word]! > low) {
      high = rowHigh;
      low = startWords[word]!;
    }
  }
  return (BigInt(high) << 32n) | BigInt(low);
}

/** Names, roots, resources, scopes, events and links. */
function otherCounts(
  { rows, order, attributes, origins }: SealedAttributes,
  newest: bigint,
): AttributeCounter {
  const counter = new AttributeCounter();
  counter.noteStart(newest);
  const { bytes, nameIds, originIds, parentSpanIds, serviceIds } = rows;
  const names = new Uint32Array(rows.names.length);
  const rootNames = new Uint32Array(rows.names.length);
  const rootServices = new Uint32Array(rows.services.length);
  const scopes = new Uint32Array(rows.batch.scopes.length);
  const isKept = order.length === rows.rowCount ? undefined : new Uint8Array(rows.rowCount);
  for (let at = 0; at < order.length; at++) {
    const row = order[at]!;
    names[nameIds[row]!]!++;
    scopes[originIds[row]!]!++;
    if (isKept !== undefined) isKept[row] = 1;
    if (!isZero(parentSpanIds, row * 8)) continue;
    rootNames[nameIds[row]!]!++;
    rootServices[serviceIds[originIds[row]!]!]!++;
  }
  for (const [index, name] of rows.names.entries()) {
    counter.addText("span:name", name, names[index]!);
    counter.addText("trace:rootName", name, rootNames[index]!);
  }
  for (const [index, service] of rows.services.entries())
    counter.addText("trace:rootService", service, rootServices[index]!);
  origins.countInto(counter, rows.batch, scopes);
  const { parts } = attributes;
  for (let at = 0; at < parts.length; at += 4) {
    const [row, isEvent, start, end] = [parts[at]!, parts[at + 1]!, parts[at + 2]!, parts[at + 3]!];
    if (isKept !== undefined && isKept[row] === 0) continue;
    if (isEvent === 1) counter.addEvent(bytes, start, end);
    else counter.addLink(bytes, start, end);
  }
  return counter;
}

function isZero(bytes: Uint8Array, start: number): boolean {
  for (let at = start; at < start + 8; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** Counts by the numbers that attributes of spans have in a seal. */
class PairCounts implements AttributeCounts {
  readonly isWhole = true;
  readonly #pairs: AttributePairs;
  readonly #bytes: Uint8Array;
  readonly #counts: Uint32Array;
  readonly #newest: bigint;
  readonly #keys = new Map<string, KeyFacts>();

  constructor({ rows, order, attributes, columns }: SealedAttributes, newest: bigint) {
    this.#pairs = attributes.pairs;
    this.#bytes = rows.bytes;
    this.#newest = newest;
    this.#counts = order.length === rows.rowCount ? columns.pairCounts : countsOf(attributes, order);
    for (const facts of columns.keyFacts) this.#keys.set(this.#pairs.keyText(facts.keyId), facts);
  }

  *keys(): Generator<KeyCount, void> {
    for (const [key, facts] of this.#keys) {
      const { count, types } = this.#sumOf(facts);
      if (count > 0) yield { level: "span", key, types, count, lastSeenUnixNano: this.#newest };
    }
  }

  values(level: AttributeLevel, key: string): ValueCounts | undefined {
    const facts = level === "span" ? this.#keys.get(key) : undefined;
    if (facts === undefined) return undefined;
    const all = facts.pairs;
    const some = mostFrequent(all, this.#counts);
    const values: AttributeValueFacts[] = [];
    let isWhole = some.length === all.length;
    for (const pair of some) {
      const listed = this.#listed(pair);
      isWhole &&= listed.isWhole;
      const count = this.#counts[pair]!;
      if (count === 0) continue;
      for (const { type, text } of listed.values)
        values.push({ type, text, count, lastSeenUnixNano: this.#newest });
    }
    return { values, isWhole };
  }

  #sumOf(facts: KeyFacts): Pick<KeyCount, "count" | "types"> {
    let count = 0;
    let types = 0;
    for (const [bit, type] of TYPES) if ((facts.types & bit) !== 0) types |= typeBit(type);
    for (const pair of facts.pairs) {
      const isOther = this.#pairs.types[pair] === PairType.OTHER;
      const other = isOther ? this.#listed(pair).type : undefined;
      if (isOther && other === undefined) continue;
      count += this.#counts[pair]!;
      if (other !== undefined) types |= typeBit(other);
    }
    return { count, types };
  }

  #listed(pair: number): ListedValues {
    const type = TYPES.get(this.#pairs.types[pair]!);
    if (type === undefined) {
      const [start, end] = this.#pairs.rangeOf(pair);
      return listedValuesOf(keyValueFrom(new ProtobufReader(this.#bytes, start, end)).value);
    }
    const text = this.#pairs.scalarText(pair);
    const isListed = text.length <= MAX_LISTED_VALUE_LENGTH;
    return { type, values: isListed ? [{ type, text }] : [], isWhole: isListed };
  }
}

function countsOf({ pairs, pairIds, starts }: RowAttributes, order: Uint32Array): Uint32Array {
  const counts = new Uint32Array(pairs.count);
  for (const row of order)
    for (let index = starts[row]!; index < starts[row + 1]!; index++) counts[pairIds[index]!]!++;
  return counts;
}

/** As many of the most frequent ones as a summary takes, without putting all of them in order. */
function mostFrequent(pairs: readonly number[], counts: Uint32Array): readonly number[] {
  if (pairs.length <= MAX_SUMMARY_VALUES) return pairs;
  const classOf = (pair: number): number => Math.min(counts[pair]!, COUNT_CLASSES - 1);
  const sizes = new Uint32Array(COUNT_CLASSES);
  for (const pair of pairs) sizes[classOf(pair)]!++;
  let least = COUNT_CLASSES - 1;
  let above = 0;
  while (above + sizes[least]! <= MAX_SUMMARY_VALUES) above += sizes[least--]!;
  let left = MAX_SUMMARY_VALUES - above;
  return pairs.filter((pair) => {
    const own = classOf(pair);
    return own > least || (own === least && left-- > 0);
  });
}
