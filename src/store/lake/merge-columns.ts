/** Which attribute columns a merged segment has, and how each input's values get into them. */

import type { AttributeColumn } from "./attribute-columns.ts";
import { MAX_ATTRIBUTE_COLUMNS } from "./attribute-columns.ts";
import { PairType } from "./attribute-pairs.ts";
import { quoteName } from "./column-appender.ts";
import { attributeTypeColumnName } from "./segment-format.ts";

/** What choosing columns needs to know of one input. */
export interface ColumnSource {
  readonly attributeColumns: readonly AttributeColumn[];
  readonly spanCount: number;
}

/** The columns of the merged segment, most spans first. */
export interface MergedColumns {
  readonly chosen: readonly AttributeColumn[];
  /** By input: its columns that have no place in the merged segment; their values are listed instead. */
  readonly listed: readonly (readonly AttributeColumn[])[];
}

interface KeyFacts {
  readonly key: string;
  readonly columns: AttributeColumn[];
  spanCount: number;
}

/** Order of the types in `valueTypes`. */
const VALUE_TYPES: readonly string[] = Object.freeze(["string", "int", "double", "bool"]);

const SQL_TYPES: Readonly<Record<AttributeColumn["type"], string>> = Object.freeze({
  text: "VARCHAR",
  i64: "BIGINT",
  f64: "DOUBLE",
  bool: "BOOLEAN",
});

/**
 * Every key that has a column in some input keeps one: the keys named first, then those of the most spans. One column
 * stands for all keys that differ only in case, as DuckDB cannot tell them apart, and for its key alone.
 */
export function mergedColumns(sources: readonly ColumnSource[], namedKeys: readonly string[]): MergedColumns {
  const names = new Set<string>();
  const chosen = new Map<string, AttributeColumn>();
  for (const facts of byWeight(sources, namedKeys)) {
    const name = facts.key.toLowerCase();
    if (names.has(name) || chosen.size === MAX_ATTRIBUTE_COLUMNS) continue;
    names.add(name);
    chosen.set(facts.key, columnOf(facts));
  }
  return {
    chosen: [...chosen.values()],
    listed: sources.map(({ attributeColumns }) => attributeColumns.filter(({ key }) => !chosen.has(key))),
  };
}

function byWeight(sources: readonly ColumnSource[], namedKeys: readonly string[]): KeyFacts[] {
  const facts = new Map<string, KeyFacts>();
  for (const { attributeColumns, spanCount } of sources) {
    for (const column of attributeColumns) {
      const known = facts.get(column.key) ?? { key: column.key, columns: [], spanCount: 0 };
      known.columns.push(column);
      known.spanCount += spanCount;
      facts.set(column.key, known);
    }
  }
  const named = new Set(namedKeys);
  return [...facts.values()].sort(
    (left, right) =>
      Number(named.has(right.key)) - Number(named.has(left.key)) ||
      right.spanCount - left.spanCount ||
      (left.key < right.key ? -1 : 1),
  );
}

/** Inputs that differ in type share a column of texts. */
function columnOf({ key, columns }: KeyFacts): AttributeColumn {
  const { column, type } = columns[0]!;
  const isOneType = columns.every((other) => other.type === type);
  const has = (valueType: string): boolean =>
    columns.some(({ valueTypes }) => valueTypes.includes(valueType));
  const valueTypes = VALUE_TYPES.filter(has);
  const tellsTypes = valueTypes.length > 1 && columns.every(hasTypes);
  return {
    key,
    column,
    type: isOneType ? type : "text",
    valueTypes,
    ...(tellsTypes ? { typeColumn: attributeTypeColumnName(key) } : {}),
  };
}

/** False for columns of several types that were written before there were columns with types. */
function hasTypes({ valueTypes, typeColumn }: AttributeColumn): boolean {
  return valueTypes.length === 1 || typeColumn !== undefined;
}

/** Names of `valueTypes` as numbers of a column with types. */
const TYPE_NUMBERS: Readonly<Record<string, number>> = Object.freeze({
  string: PairType.STRING,
  int: PairType.INT,
  double: PairType.DOUBLE,
  bool: PairType.BOOL,
});

/** Says how the values of one input are written as SQL, and which numbers need their text looked up for that. */
export class InputColumns {
  readonly #own: ReadonlyMap<string, AttributeColumn>;
  /** Columns of doubles whose texts are needed: DuckDB writes doubles otherwise than JavaScript does. */
  readonly #lookups: string[] = [];

  constructor(own: readonly AttributeColumn[]) {
    this.#own = new Map(own.map((column) => [column.key, column]));
  }

  /** Columns of doubles that {@link InputColumns.joins} looks up, known once all values have been asked for. */
  get lookups(): readonly string[] {
    return this.#lookups;
  }

  /** The value of a merged segment's column in a row of `stored`. */
  value({ key, type }: AttributeColumn): string {
    const own = this.#own.get(key);
    if (own === undefined) return `NULL::${SQL_TYPES[type]}`;
    return own.type === type ? `stored.${quoteName(own.column)}` : this.text(own);
  }

  /** The type of the value of a merged segment's column in a row of `stored`. */
  valueType({ key }: AttributeColumn): string {
    const own = this.#own.get(key);
    if (own === undefined) return "NULL::UTINYINT";
    if (own.typeColumn !== undefined) return `stored.${quoteName(own.typeColumn)}`;
    const number = TYPE_NUMBERS[own.valueTypes[0] ?? ""] ?? 0;
    return `CASE WHEN stored.${quoteName(own.column)} IS NOT NULL THEN ${number}::UTINYINT END`;
  }

  /** A column's value in a row of `stored` as a search compares it. */
  text({ column, type }: AttributeColumn): string {
    const name = `stored.${quoteName(column)}`;
    if (type === "text") return name;
    if (type !== "f64") return `${name}::VARCHAR`;
    if (!this.#lookups.includes(column)) this.#lookups.push(column);
    return `double_${this.#lookups.indexOf(column)}.text`;
  }

  /** The joins that {@link InputColumns.text} relies on. */
  joins(): string {
    return this.#lookups
      .map(
        (column, index) =>
          ` LEFT JOIN double_texts AS double_${index} ON double_${index}.value = stored.${quoteName(column)}`,
      )
      .join("");
  }
}
