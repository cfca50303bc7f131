/** Conditions on one attribute of a segment of format 2 as SQL: too much may pass, never too little. */

import { textOfLiteral } from "../../filter/conditions/candidate-query.ts";
import type { AttributeLiteral, OrderOperator } from "../../filter/conditions/condition.ts";
import type { AttributeColumn } from "./attribute-columns.ts";
import { possibleTexts } from "./attribute-conditions.ts";
import { AttributePlace } from "./attribute-filter.ts";
import { listedText, PairType } from "./attribute-pairs.ts";
import type { BoundSql } from "./bound-sql.ts";
import { MAX_INT64, MIN_INT64 } from "./bound-sql.ts";
import { quoteName } from "./column-appender.ts";
import type { Segment } from "./segment.ts";
import { SegmentFile } from "./segment-format.ts";
import type { RowSql } from "./sql-logic.ts";
import { anySql } from "./sql-logic.ts";

/** "A span attribute `key` equals the literal", on a row of `spans.parquet`. */
export function attributeEquals(segment: Segment, key: string, literal: AttributeLiteral): RowSql {
  const texts = possibleTexts(textOfLiteral(literal)).map(listedText);
  const mayBeAt = (place: AttributePlace): boolean =>
    texts.some((text) => segment.attributeFilter.mayHave(place, key, text));
  const column = columnOf(segment, key);
  return anySql(
    column !== undefined && mayBeAt(AttributePlace.COLUMN) ? columnEquals(column, literal) : false,
    mayBeAt(AttributePlace.LIST)
      ? listed(segment, key, (sql) => `value IN (${texts.map((text) => sql.bind(text)).join(", ")})`)
      : false,
  );
}

/** "A span attribute `key` is in this order to the literal", on a row of `spans.parquet`. */
export function attributeOrdered(
  segment: Segment,
  key: string,
  operator: OrderOperator,
  literal: AttributeLiteral,
): RowSql {
  const column = columnOf(segment, key);
  const bound = numberOf(literal);
  const inList = listed(segment, key, (sql) =>
    bound === undefined
      ? "true"
      : `TRY_CAST(value AS DOUBLE) ${nonStrict(operator)} ${bindDouble(sql, bound)}`,
  );
  return anySql(column === undefined ? false : columnOrdered(column, operator, literal), inList);
}

/** "There is a span attribute `key` with a value", on a row of `spans.parquet`. */
export function attributeExists(segment: Segment, key: string): RowSql {
  // Maps are not listed: where some value fits no column, who has the key is not known.
  if (segment.meta.otherAttributeKeys?.includes(key) !== false) return true;
  const column = columnOf(segment, key);
  return anySql(
    column === undefined ? false : () => `${quoteName(column.column)} IS NOT NULL`,
    listed(segment, key, () => "true"),
  );
}

function columnOf({ meta }: Segment, key: string): AttributeColumn | undefined {
  return meta.attributeColumns.find((column) => column.key === key);
}

/** "The trace has a listed value of the key that meets a condition." */
function listed(segment: Segment, key: string, condition: (sql: BoundSql) => string): RowSql {
  return (sql) => {
    const file = sql.bind(segment.path(SegmentFile.ATTRIBUTES));
    return `trace_row IN (SELECT trace_row FROM read_parquet(${file}) WHERE key = ${sql.bind(key)} AND ${condition(sql)})`;
  };
}

/** "The column has a value that equals the literal": neither more nor less. */
export function columnEquals(column: AttributeColumn, literal: AttributeLiteral): RowSql {
  const name = quoteName(column.column);
  switch (column.type) {
    case "bool":
      return literal.type === "boolean" && ((sql) => `${name} = ${sql.bind(literal.value)}`);
    case "i64": {
      const int = intOf(literal);
      return int !== undefined && ((sql) => `${name} = ${sql.bind(String(int))}::BIGINT`);
    }
    case "f64": {
      const double = numberOf(literal);
      return double !== undefined && ((sql) => `${name} = ${bindDouble(sql, double)}`);
    }
    case "text": {
      if (isAllStrings(column) && literal.type !== "string") return false;
      const texts = literal.type === "string" ? [literal.value] : possibleTexts(textOfLiteral(literal));
      const types = typesIn(column, literal);
      return (sql) => `(${name} IN (${texts.map((text) => sql.bind(text)).join(", ")})${types})`;
    }
  }
}

/** "The column has a value in this order to the literal": exact where {@link isExactlyOrdered} says so. */
export function columnOrdered(
  column: AttributeColumn,
  operator: OrderOperator,
  literal: AttributeLiteral,
): RowSql {
  const name = quoteName(column.column);
  const bound = numberOf(literal);
  if (column.type === "text") {
    const types = typesIn(column, literal);
    if (bound === undefined) {
      return (
        literal.type === "string" && ((sql) => `(${name} ${operator} ${sql.bind(literal.value)}${types})`)
      );
    }
    if (isAllStrings(column)) return false;
    return doubleOrdered(`TRY_CAST(${name} AS DOUBLE)`, operator, bound, types);
  }
  if (column.type === "bool" || bound === undefined) return false;
  if (column.type === "i64") return intOrdered(name, operator, literal);
  return doubleOrdered(name, operator, bound, "");
}

/** Ints are rounded when they become doubles, so beyond those that are exact what is equal after that passes too. */
function doubleOrdered(value: string, operator: OrderOperator, bound: number, types: string): RowSql {
  const comparison = isExactDouble(bound) ? operator : nonStrict(operator);
  // The database takes NaN for the greatest number; here it is in no order.
  const isNumber = operator.startsWith(">") ? ` AND NOT isnan(${value})` : "";
  return (sql) => `(${value} ${comparison} ${bindDouble(sql, bound)}${isNumber}${types})`;
}

/** True when {@link columnOrdered} lets through what is in order, and nothing else. */
export function isExactlyOrdered(column: AttributeColumn, literal: AttributeLiteral): boolean {
  const bound = numberOf(literal);
  if (bound === undefined)
    return column.type !== "text" || isAllStrings(column) || column.typeColumn !== undefined;
  if (column.type === "text")
    return isAllStrings(column) || (column.typeColumn !== undefined && isExactDouble(bound));
  return column.type !== "f64" || isExactDouble(bound);
}

function isExactDouble(bound: number): boolean {
  return Math.abs(bound) < Number.MAX_SAFE_INTEGER;
}

/** A condition on the type of a value in a column of several types, where that is told. */
function typesIn({ typeColumn }: AttributeColumn, literal: AttributeLiteral): string {
  if (typeColumn === undefined) return "";
  const name = quoteName(typeColumn);
  if (literal.type === "string") return ` AND ${name} = ${PairType.STRING}`;
  if (literal.type === "boolean") return ` AND ${name} = ${PairType.BOOL}`;
  return ` AND ${name} IN (${PairType.INT}, ${PairType.DOUBLE})`;
}

function nonStrict(operator: OrderOperator): "<=" | ">=" {
  return operator.startsWith("<") ? "<=" : ">=";
}

/** Exact: a fraction is compared as the whole number beyond it. */
function intOrdered(name: string, operator: OrderOperator, literal: AttributeLiteral): RowSql {
  const least = wholeOf(literal, Math.ceil);
  const most = wholeOf(literal, Math.floor);
  // Beyond every int, or no number.
  if (least === undefined || most === undefined) return () => `${name} IS NOT NULL`;
  const [comparison, bound] =
    operator === ">"
      ? [">=", most + 1n]
      : operator === ">="
        ? [">=", least]
        : operator === "<"
          ? ["<=", least - 1n]
          : ["<=", most];
  if (bound > MAX_INT64) return comparison === "<=" && (() => `${name} IS NOT NULL`);
  if (bound < MIN_INT64) return comparison === ">=" && (() => `${name} IS NOT NULL`);
  return (sql) => `${name} ${comparison} ${sql.bind(String(bound))}::BIGINT`;
}

function wholeOf(literal: AttributeLiteral, round: (value: number) => number): bigint | undefined {
  if (literal.type === "int") return literal.value;
  if (literal.type === "duration") return literal.nanos;
  if (literal.type !== "float" || !Number.isFinite(literal.value)) return undefined;
  return BigInt(round(literal.value));
}

function isAllStrings({ valueTypes }: AttributeColumn): boolean {
  return valueTypes.length === 1 && valueTypes[0] === "string";
}

function intOf(literal: AttributeLiteral): bigint | undefined {
  const int =
    literal.type === "float" && !Number.isInteger(literal.value) ? undefined : wholeOf(literal, Math.round);
  return int === undefined || int < MIN_INT64 || int > MAX_INT64 ? undefined : int;
}

function numberOf(literal: AttributeLiteral): number | undefined {
  if (literal.type === "float") return literal.value;
  if (literal.type === "int") return Number(literal.value);
  return literal.type === "duration" ? Number(literal.nanos) : undefined;
}

/** As text: DuckDB's bindings take a number without a fraction for an integer and refuse it beyond 64 bits. */
function bindDouble(sql: BoundSql, value: number): string {
  return `${sql.bind(String(value))}::DOUBLE`;
}
