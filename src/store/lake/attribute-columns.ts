/** Which attribute keys of a seal get a column of their own, of which type, and how their cells are filled. */

import { utf8FromText } from "../../base/utf8.ts";
import { PairType } from "./attribute-pairs.ts";
import type { ColumnAppender } from "./column-appender.ts";
import type { NumberCells, TextCells } from "./column-cells.ts";
import { CHUNK_ROWS } from "./column-cells.ts";
import type { RowAttributes } from "./row-attributes.ts";
import type { ColumnSpec, ColumnType } from "./segment-format.ts";
import { attributeColumnName, attributeTypeColumnName, LOOKUP_ROW_GROUP_ROWS } from "./segment-format.ts";

/** Share of the spans that must have a key before it gets a column unasked: rarer ones are listed by value instead. */
const MIN_SHARE = 0.03;
/** Columns of one segment: each costs every row group some hundred bytes and every chunk two calls. */
export const MAX_ATTRIBUTE_COLUMNS = 96;
/** Keys longer than this are made up, not chosen. */
const MAX_KEY_LENGTH = 200;
/** Distinct values up to which a column is always written as an enum: its dictionary is then next to nothing. */
const FREE_MEMBERS = 64;

/** A key with a column in `spans.parquet`. */
export interface AttributeColumn {
  readonly key: string;
  readonly column: string;
  readonly type: "text" | "i64" | "f64" | "bool";
  /** `string`, `int`, `double`, `bool`: the types of the values in the column. */
  readonly valueTypes: readonly string[];
  /** Column with the type of each value, a number of {@link PairType}: there where values of several types are texts. */
  readonly typeColumn?: string;
}

interface ChosenColumn extends AttributeColumn {
  readonly spec: ColumnSpec;
}

/** What choosing columns needs to know. */
export interface ColumnChoice {
  readonly rowCount: number;
  /** Keys that get a column whenever a span has them. */
  readonly namedKeys: readonly string[];
}

/** The attributes of one key. */
export interface KeyFacts {
  readonly keyId: number;
  readonly pairs: readonly number[];
  readonly occurrences: number;
  /** Bits of the types of scalars, as `PairType` has them. */
  readonly types: number;
}

/** The chosen columns, and for every pair which of them it goes to. */
export class AttributeColumns {
  readonly chosen: readonly AttributeColumn[];
  readonly specs: readonly ColumnSpec[];
  /**
   * Column of a pair; -1 when its key has none, -2 - column when its key has one but the value does not fit. Pairs
   * without a column are listed in `attributes.parquet`.
   */
  readonly columnOfPair: Int16Array;
  /** By key id. */
  readonly keyFacts: readonly KeyFacts[];
  /** How often each pair occurs, equal spans as often as they came. */
  readonly pairCounts: Uint32Array;
  readonly #attributes: RowAttributes;
  /** Enum code of a pair. */
  readonly #codes: Uint32Array;

  constructor(attributes: RowAttributes, choice: ColumnChoice) {
    const { pairs } = attributes;
    this.#attributes = attributes;
    this.columnOfPair = new Int16Array(pairs.count).fill(-1);
    this.#codes = new Uint32Array(pairs.count);
    this.pairCounts = pairCountsOf(attributes);
    this.keyFacts = keyFactsOf(attributes, this.pairCounts);
    const facts = chooseKeys(this.keyFacts, attributes, choice);
    const chosen = facts.map((fact) => this.#columnFor(fact, choice.rowCount));
    this.chosen = chosen.map(({ spec: _, ...column }) => column);
    const typeSpecs = chosen.flatMap(({ typeColumn }) => typeColumn ?? []).map(typeSpec);
    this.specs = [...chosen.map(({ spec }) => spec), ...typeSpecs];
    for (const [column, { pairs: ids }] of facts.entries()) {
      for (const pair of ids) {
        this.columnOfPair[pair] = pairs.types[pair] === PairType.OTHER ? -2 - column : column;
      }
    }
  }

  /** Fills the attribute cells of `rows`, which are the next rows of the chunk from its beginning. */
  filler(appender: ColumnAppender, firstColumn: number): (rows: Uint32Array) => void {
    const fill = new AttributeFill(this.#attributes, this, this.#codes, appender, firstColumn);
    return (rows) => fill.chunk(rows);
  }

  #columnFor(fact: KeyFacts, rowCount: number): ChosenColumn {
    const { pairs } = this.#attributes;
    const key = pairs.keyText(fact.keyId);
    const column = attributeColumnName(key);
    const valueTypes = TYPE_NAMES.filter(([bit]) => (fact.types & bit) !== 0).map(([, name]) => name);
    const type = columnTypeOf(fact.types);
    const typed = valueTypes.length > 1 ? { typeColumn: attributeTypeColumnName(key) } : {};
    const base = { key, column, valueTypes, ...typed };
    if (type !== "text") return { ...base, type, spec: { name: column, type, isNullable: true } };
    const members = this.#members(fact, rowCount);
    const spec: ColumnSpec =
      members === undefined
        ? { name: column, type: "text", isNullable: true }
        : { name: column, type: "enum", isNullable: true, members };
    return { ...base, type, spec };
  }

  /** The distinct texts of a key, when so few that an enum pays; notes the codes of its pairs. */
  #members(fact: KeyFacts, rowCount: number): readonly string[] | undefined {
    const { pairs } = this.#attributes;
    const rowGroups = Math.max(1, rowCount / LOOKUP_ROW_GROUP_ROWS);
    if (fact.pairs.length > Math.max(FREE_MEMBERS, fact.occurrences / rowGroups / 4)) return undefined;
    const codes = new Map<string, number>();
    for (const pair of fact.pairs) {
      if (pairs.types[pair] === PairType.OTHER) continue;
      const text = pairs.scalarText(pair);
      // DuckDB takes the members of an enum as C strings.
      if (text.includes("\0")) return undefined;
      let code = codes.get(text);
      if (code === undefined) {
        code = codes.size;
        codes.set(text, code);
      }
      this.#codes[pair] = code;
    }
    return [...codes.keys()];
  }
}

function typeSpec(name: string): ColumnSpec {
  return { name, type: "u8", isNullable: true };
}

const TYPE_NAMES: readonly (readonly [number, string])[] = Object.freeze([
  [PairType.STRING, "string"],
  [PairType.INT, "int"],
  [PairType.DOUBLE, "double"],
  [PairType.BOOL, "bool"],
] as const);

function columnTypeOf(types: number): AttributeColumn["type"] {
  if (types === PairType.INT) return "i64";
  if (types === PairType.DOUBLE) return "f64";
  return types === PairType.BOOL ? "bool" : "text";
}

function pairCountsOf({ pairs, pairIds }: RowAttributes): Uint32Array {
  const counts = new Uint32Array(pairs.count);
  for (let index = 0; index < pairIds.length; index++) counts[pairIds[index]!]!++;
  return counts;
}

function keyFactsOf({ pairs }: RowAttributes, counts: Uint32Array): KeyFacts[] {
  const facts: { keyId: number; pairs: number[]; occurrences: number; types: number }[] = [];
  for (let keyId = 0; keyId < pairs.keyCount; keyId++)
    facts.push({ keyId, pairs: [], occurrences: 0, types: 0 });
  for (let pair = 0; pair < pairs.count; pair++) {
    const fact = facts[pairs.keyIds[pair]!]!;
    fact.pairs.push(pair);
    fact.occurrences += counts[pair]!;
    fact.types |= pairs.types[pair]! & ~PairType.OTHER;
  }
  return facts;
}

/** The keys named and the most frequent ones; DuckDB tells column names apart without regard to case. */
function chooseKeys(facts: readonly KeyFacts[], { pairs }: RowAttributes, choice: ColumnChoice): KeyFacts[] {
  const named = new Set(choice.namedKeys);
  const isNamed = (fact: KeyFacts): boolean => named.has(pairs.keyText(fact.keyId));
  const able = facts.filter((fact) => {
    const key = pairs.keyText(fact.keyId);
    const isColumnKey = key !== "" && key.length <= MAX_KEY_LENGTH && !/[\uFFFD\0]/.test(key);
    return (
      isColumnKey && fact.types !== 0 && (isNamed(fact) || fact.occurrences >= choice.rowCount * MIN_SHARE)
    );
  });
  able.sort(
    (left, right) =>
      Number(isNamed(right)) - Number(isNamed(left)) ||
      right.occurrences - left.occurrences ||
      left.keyId - right.keyId,
  );
  const names = new Set<string>();
  const chosen: KeyFacts[] = [];
  for (const fact of able) {
    const name = pairs.keyText(fact.keyId).toLowerCase();
    if (names.has(name) || chosen.length === MAX_ATTRIBUTE_COLUMNS) continue;
    names.add(name);
    chosen.push(fact);
  }
  return chosen;
}

/** How the cells of one column are set. */
const CellKind = { CODE: 0, WORDS: 1, FLAG: 2, TEXT: 3 } as const;

const CELL_KINDS: Readonly<Partial<Record<ColumnType, number>>> = Object.freeze({
  enum: CellKind.CODE,
  i64: CellKind.WORDS,
  f64: CellKind.WORDS,
  bool: CellKind.FLAG,
  text: CellKind.TEXT,
});

/** Fills chunk after chunk. */
class AttributeFill {
  readonly #attributes: RowAttributes;
  readonly #columnOfPair: Int16Array;
  readonly #codes: Uint32Array;
  readonly #kinds: Uint8Array;
  readonly #numbers: readonly (NumberCells | undefined)[];
  readonly #texts: readonly (TextCells | undefined)[];
  /** For a TEXT column the pair of each row plus one, 0 for none. */
  readonly #textPairs: readonly Uint32Array[];
  /** For a column of several types the cells of their types. */
  readonly #types: readonly (NumberCells | undefined)[];

  constructor(
    attributes: RowAttributes,
    { specs: all, chosen, columnOfPair }: AttributeColumns,
    codes: Uint32Array,
    appender: ColumnAppender,
    firstColumn: number,
  ) {
    const specs = all.slice(0, chosen.length);
    let typePlace = firstColumn + chosen.length;
    this.#types = chosen.map(({ typeColumn }) =>
      typeColumn === undefined ? undefined : appender.numbers(typePlace++),
    );
    this.#attributes = attributes;
    this.#columnOfPair = columnOfPair;
    this.#codes = codes;
    this.#kinds = Uint8Array.from(specs, ({ type }) => CELL_KINDS[type]!);
    const isText = (index: number): boolean => this.#kinds[index] === CellKind.TEXT;
    this.#numbers = specs.map((_, index) =>
      isText(index) ? undefined : appender.numbers(firstColumn + index),
    );
    this.#texts = specs.map((_, index) => (isText(index) ? appender.texts(firstColumn + index) : undefined));
    this.#textPairs = specs.map((_, index) => new Uint32Array(isText(index) ? CHUNK_ROWS : 0));
  }

  chunk(rows: Uint32Array): void {
    const { starts, pairIds } = this.#attributes;
    for (let cell = 0; cell < rows.length; cell++) {
      const row = rows[cell]!;
      const end = starts[row + 1]!;
      for (let at = starts[row]!; at < end; at++) {
        const pair = pairIds[at]!;
        const column = this.#columnOfPair[pair]!;
        if (column >= 0) this.#set(column, cell, pair);
        else if (column < -1) this.#clear(-2 - column, cell);
      }
    }
    for (const [column, cells] of this.#texts.entries()) {
      if (cells !== undefined) this.#endTexts(cells, this.#textPairs[column]!, rows.length);
    }
  }

  /** The last attribute of a key is the one that counts, so a later one simply replaces it. */
  #set(column: number, cell: number, pair: number): void {
    const kind = this.#kinds[column]!;
    const types = this.#types[column];
    if (types !== undefined) {
      types.data[cell] = this.#attributes.pairs.types[pair]!;
      types.setValid(cell);
    }
    if (kind === CellKind.TEXT) {
      this.#textPairs[column]![cell] = pair + 1;
      return;
    }
    const cells = this.#numbers[column]!;
    if (kind === CellKind.CODE) cells.data[cell] = this.#codes[pair]!;
    else if (kind === CellKind.FLAG) cells.data[cell] = this.#attributes.pairs.valueLow(pair);
    else {
      cells.data[cell * 2] = this.#attributes.pairs.valueLow(pair);
      cells.data[cell * 2 + 1] = this.#attributes.pairs.valueHigh(pair);
    }
    cells.setValid(cell);
  }

  /** A value that fits no column came after one that did. */
  #clear(column: number, cell: number): void {
    this.#numbers[column]?.setNull(cell);
    this.#types[column]?.setNull(cell);
    if (this.#kinds[column] === CellKind.TEXT) this.#textPairs[column]![cell] = 0;
  }

  #endTexts(cells: TextCells, textPairs: Uint32Array, rowCount: number): void {
    const { pairs } = this.#attributes;
    for (let cell = 0; cell < rowCount; cell++) {
      const pair = textPairs[cell]! - 1;
      if (pair >= 0) {
        if (!pairs.appendPlainText(pair, cells.sink)) cells.sink.append(utf8FromText(pairs.scalarText(pair)));
        cells.setValid(cell);
      }
      cells.endCell(cell);
    }
    textPairs.fill(0);
  }
}
