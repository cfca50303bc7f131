/** Attribute values that fit no column, listed by key and value, and the filter over all attribute values. */

import { utf8FromText } from "../../base/utf8.ts";
import type { AttributeColumns } from "./attribute-columns.ts";
import { AttributeFilter, AttributePlace } from "./attribute-filter.ts";
import type { AttributePairs } from "./attribute-pairs.ts";
import type { ColumnAppender } from "./column-appender.ts";
import type { RowAttributes } from "./row-attributes.ts";
import type { TraceGroups } from "./trace-groups.ts";

/** What the list is made from. */
export interface ListedSources {
  readonly attributes: RowAttributes;
  readonly columns: AttributeColumns;
  /** Place of each group in `traces.parquet`. */
  readonly traceRows: Uint32Array;
}

/** Fills `attributes`: every value without a column once a trace. Closes the appender. */
export function fillListedAttributes(
  table: ColumnAppender,
  { traceCount, starts, order }: TraceGroups,
  { attributes, columns, traceRows }: ListedSources,
): void {
  const { pairs, pairIds, starts: pairStarts } = attributes;
  const { columnOfPair } = columns;
  const listedFor = new Uint32Array(pairs.count);
  const list = new ValueList(table, pairs);
  for (let group = 0; group < traceCount; group++) {
    for (let at = starts[group]!; at < starts[group + 1]!; at++) {
      const row = order[at]!;
      for (let index = pairStarts[row]!; index < pairStarts[row + 1]!; index++) {
        const pair = pairIds[index]!;
        if (columnOfPair[pair]! >= 0 || listedFor[pair] === group + 1) continue;
        listedFor[pair] = group + 1;
        list.append(pair, traceRows[group]!);
      }
    }
  }
  table.close();
}

/** Rows of the table; texts that come again and again are encoded once. */
class ValueList {
  readonly #table: ColumnAppender;
  readonly #pairs: AttributePairs;
  readonly #keys: Uint8Array[] = [];
  readonly #values: (readonly Uint8Array[])[] = [];

  constructor(table: ColumnAppender, pairs: AttributePairs) {
    this.#table = table;
    this.#pairs = pairs;
  }

  append(pair: number, traceRow: number): void {
    const keyId = this.#pairs.keyIds[pair]!;
    this.#keys[keyId] ??= utf8FromText(this.#pairs.keyText(keyId));
    this.#values[pair] ??= this.#pairs.listedTexts(pair).map(utf8FromText);
    for (const value of this.#values[pair]) {
      this.#table.setBytes(0, this.#keys[keyId]);
      this.#table.setBytes(1, value);
      this.#table.setNumber(2, traceRow);
      this.#table.endRow();
    }
  }
}

/** The filter over every attribute value of the spans and of their resources. */
export function attributeFilterOf(
  { pairs }: RowAttributes,
  { columnOfPair }: AttributeColumns,
  resourceTexts: readonly (readonly [key: string, text: string])[],
): AttributeFilter {
  const filter = AttributeFilter.forValues(pairs.count + resourceTexts.length);
  for (let pair = 0; pair < pairs.count; pair++) {
    const place = columnOfPair[pair]! >= 0 ? AttributePlace.COLUMN : AttributePlace.LIST;
    const key = pairs.keyText(pairs.keyIds[pair]!);
    for (const text of pairs.listedTexts(pair)) filter.add(place, key, text);
  }
  for (const [key, text] of resourceTexts) filter.add(AttributePlace.RESOURCE, key, text);
  return filter;
}
