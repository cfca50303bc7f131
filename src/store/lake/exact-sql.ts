/** Conditions on spans of one segment of format 2 as SQL that is neither more nor less than they say, where that can be. */

import type { SpanCondition } from "../../filter/conditions/condition.ts";
import type { AttributeColumn } from "./attribute-columns.ts";
import { columnEquals, columnOrdered, isExactlyOrdered } from "./attribute-sql.ts";
import { quoteName } from "./column-appender.ts";
import type { KeyInSegment } from "./column-sources.ts";
import type { AttributeLeaf, ResourceMessages } from "./condition-sql.ts";
import { intrinsicSql, onResources } from "./condition-sql.ts";
import type { RowSql } from "./sql-logic.ts";
import { allSql, anySql } from "./sql-logic.ts";

/** What is known of the attributes of a segment. */
export interface SegmentAttributes {
  /** Where the values of a key are. */
  keyOf(key: string): KeyInSegment;
  /** Undefined when there are too many to look through. */
  readonly resources: ResourceMessages | undefined;
}

/** A condition on a row of `spans.parquet`; undefined when SQL over its columns does not say it. */
export function exactSql(condition: SpanCondition, segment: SegmentAttributes): RowSql | undefined {
  switch (condition.node) {
    case "all":
    case "any": {
      const parts = condition.conditions.map((each) => exactSql(each, segment));
      const known = parts.filter((part) => part !== undefined);
      if (known.length < parts.length) return undefined;
      return condition.node === "all" ? allSql(...known) : anySql(...known);
    }
    case "attribute":
    case "attributeOrder":
    case "attributeExists":
      return attributeSql(condition, segment);
    case "traceDuration":
    case "traceId":
    case "rootName":
    case "rootService":
      return undefined;
    default:
      return intrinsicSql(condition);
  }
}

function attributeSql(leaf: AttributeLeaf, { keyOf, resources }: SegmentAttributes): RowSql | undefined {
  const { scope, key } = leaf;
  const place = scope === "resource" ? "absent" : keyOf(key);
  if (place === "elsewhere" || !isWritable(leaf)) return undefined;
  const own = place === "absent" ? false : onColumn(leaf, place);
  if (own === undefined || scope === "span") return own;
  const ofResource = resourceSql(leaf, resources);
  if (ofResource === undefined || place === "absent") return ofResource;
  // A span that has the key itself is not asked for that of its resource.
  const hasNone = (): string => `${quoteName(place.column)} IS NULL`;
  return anySql(own, allSql(hasNone, ofResource));
}

function onColumn(leaf: AttributeLeaf, column: AttributeColumn): RowSql | undefined {
  switch (leaf.node) {
    case "attribute":
      return columnEquals(column, leaf.equals);
    case "attributeOrder":
      return isExactlyOrdered(column, leaf.than)
        ? columnOrdered(column, leaf.operator, leaf.than)
        : undefined;
    case "attributeExists":
      return () => `${quoteName(column.column)} IS NOT NULL`;
  }
}

/** Every span has a service, also one whose resource names none. */
function resourceSql(leaf: AttributeLeaf, resources: ResourceMessages | undefined): RowSql | undefined {
  if (leaf.key !== "service.name") return resources === undefined ? undefined : onResources(leaf, resources);
  if (leaf.node === "attributeExists") return true;
  if (leaf.node !== "attribute") return undefined;
  const { equals } = leaf;
  return equals.type === "string" && ((sql) => `service_name = ${sql.bind(equals.value)}`);
}

/** U+FFFD may stand for bytes that are no text, which are not found by it. */
function isWritable(leaf: AttributeLeaf): boolean {
  const literal =
    leaf.node === "attribute" ? leaf.equals : leaf.node === "attributeOrder" ? leaf.than : undefined;
  return literal?.type !== "string" || !literal.value.includes("\uFFFD");
}
