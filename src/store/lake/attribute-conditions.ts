/** An attribute condition of a search on one segment of format 2: where a match may lie, and the SQL that finds it. */

import { typedText } from "../../filter/attribute-text.ts";
import type { AttributeCondition } from "../../filter/trace-query.ts";
import type { AttributeColumn } from "./attribute-columns.ts";
import { AttributePlace } from "./attribute-filter.ts";
import { listedText, MAX_COLUMN_TEXT_BYTES } from "./attribute-pairs.ts";
import type { BoundSql } from "./bound-sql.ts";
import { MAX_INT64, MIN_INT64 } from "./bound-sql.ts";
import { quoteName } from "./column-appender.ts";
import type { Segment } from "./segment.ts";
import { SegmentFile } from "./segment-format.ts";

/** Where one attribute condition may be met in a segment. */
export interface AttributePlan {
  /** The key's column, when it has one and a span may match there. */
  readonly column: AttributeColumn | undefined;
  /** A match may be among the values that fit no column. */
  readonly mayBeListed: boolean;
  /** Numbers of the resources that have the value; their spans match where they lack the key themselves. */
  readonly resourceIds: readonly number[];
  /** False when what the SQL finds has to be asked again, span by span. */
  readonly isExact: boolean;
}

/** Every text under which a matching value may be kept. */
export function possibleTexts(value: string): readonly string[] {
  const { integer, double } = typedText(value);
  const texts = new Set([value]);
  if (integer !== undefined) texts.add(String(integer));
  if (double !== undefined) texts.add(String(double));
  return [...texts];
}

/** True when a resource of the segment may have the value. */
export function mayBeOnResource(segment: Segment, condition: AttributeCondition): boolean {
  return mayBeAt(segment, AttributePlace.RESOURCE, condition);
}

/** Where the condition may be met; undefined when no span of the segment can match. */
export function attributePlan(
  segment: Segment,
  condition: AttributeCondition,
  resourceIds: readonly number[],
): AttributePlan | undefined {
  const known = segment.meta.attributeColumns.find(({ key }) => key === condition.key);
  const mayBeInColumn = known !== undefined && mayBeAt(segment, AttributePlace.COLUMN, condition);
  const column = mayBeInColumn && canHold(known, condition.value) ? known : undefined;
  const mayBeListed = mayBeAt(segment, AttributePlace.LIST, condition);
  if (column === undefined && !mayBeListed && resourceIds.length === 0) return undefined;
  const isExact = !mayBeListed && resourceIds.length === 0 && isExactIn(column, condition.value);
  return { column, mayBeListed, resourceIds, isExact };
}

function mayBeAt(segment: Segment, place: AttributePlace, { key, value }: AttributeCondition): boolean {
  return possibleTexts(value).some((text) => segment.attributeFilter.mayHave(place, key, listedText(text)));
}

function canHold({ type }: AttributeColumn, value: string): boolean {
  const { integer, double } = typedText(value);
  if (type === "i64") return integer !== undefined && integer >= MIN_INT64 && integer <= MAX_INT64;
  if (type === "f64") return double !== undefined;
  if (type === "bool") return value === "true" || value === "false";
  return Buffer.byteLength(value) <= MAX_COLUMN_TEXT_BYTES || possibleTexts(value).length > 1;
}

/** A column that mixes types holds texts, and one text may stand for values of which only some match. */
function isExactIn(column: AttributeColumn | undefined, value: string): boolean {
  if (column === undefined || column.type !== "text") return true;
  return isAllStrings(column) || possibleTexts(value).length === 1;
}

function isAllStrings({ valueTypes }: AttributeColumn): boolean {
  return valueTypes.length === 1 && valueTypes[0] === "string";
}

/** The condition on a row of `spans.parquet`. Lets too much through unless the plan is exact, never too little. */
export function attributeCondition(
  sql: BoundSql,
  segment: Segment,
  plan: AttributePlan,
  condition: AttributeCondition,
): string {
  const ways: string[] = [];
  if (plan.column !== undefined) ways.push(columnCondition(sql, plan.column, condition.value));
  if (plan.mayBeListed) {
    const file = sql.bind(segment.path(SegmentFile.ATTRIBUTES));
    ways.push(
      `trace_row IN (SELECT trace_row FROM read_parquet(${file}) WHERE ${listedCondition(sql, condition)})`,
    );
  }
  if (plan.resourceIds.length > 0) {
    ways.push(`resource_id IN (${plan.resourceIds.map((id) => sql.bind(id)).join(", ")})`);
  }
  return `(${ways.join(" OR ")})`;
}

/** The condition on a row of `attributes.parquet`. */
function listedCondition(sql: BoundSql, { key, value }: AttributeCondition): string {
  const texts = possibleTexts(value).map((text) => sql.bind(listedText(text)));
  return `key = ${sql.bind(key)} AND value IN (${texts.join(", ")})`;
}

function columnCondition(sql: BoundSql, column: AttributeColumn, value: string): string {
  const name = quoteName(column.column);
  const { integer, double } = typedText(value);
  if (column.type === "i64") return `${name} = ${sql.bind(String(integer))}::BIGINT`;
  // As text: DuckDB's bindings take a number without a fraction for an integer and refuse it beyond 64 bits.
  if (column.type === "f64") return `${name} = ${sql.bind(String(double))}::DOUBLE`;
  if (column.type === "bool") return `${name} = ${sql.bind(value === "true")}`;
  const texts = isAllStrings(column) ? [value] : possibleTexts(value);
  return `${name} IN (${texts.map((text) => sql.bind(text)).join(", ")})`;
}
