/** The conditions of a query as SQL over one segment of format 2: too much may pass, never too little. */

import { attributeIn } from "../../batch/attribute-scan.ts";
import { OtlpFieldNumber } from "../../batch/otlp-schema.ts";
import type {
  AttributeLiteral,
  DurationBounds,
  SpanCondition,
  SpanLeaf,
  TraceCondition,
} from "../../filter/conditions/condition.ts";
import { leavesIn } from "../../filter/conditions/condition.ts";
import type { ValueOperator } from "../../filter/evaluator/comparison.ts";
import { holds } from "../../filter/evaluator/comparison.ts";
import { attributeKey } from "../../filter/evaluator/trace-view.ts";
import { valueOfAttribute, valueOfLiteral } from "../../filter/evaluator/values.ts";
import { KINDS, STATUSES } from "../../filter/query-model.ts";
import { attributeEquals, attributeExists, attributeOrdered } from "./attribute-sql.ts";
import type { BoundSql } from "./bound-sql.ts";
import { MAX_UINT64 } from "./bound-sql.ts";
import type { Segment } from "./segment.ts";
import { SegmentFile } from "./segment-format.ts";
import type { RowSql } from "./sql-logic.ts";
import { allSql, anySql } from "./sql-logic.ts";

/** Messages of the resources of a segment, by number. */
export type ResourceMessages = ReadonlyMap<number, Uint8Array>;

/** A condition on an attribute. */
export type AttributeLeaf = Extract<
  SpanLeaf,
  { readonly node: "attribute" | "attributeOrder" | "attributeExists" }
>;

/** True when a condition asks resources for attributes, which are not in `spans.parquet`. */
export function asksResources(condition: TraceCondition): boolean {
  return leavesIn(condition)
    .flatMap(({ condition: ofSpan }) => leavesIn(ofSpan))
    .some((leaf) => "scope" in leaf && (leaf.scope === "any" || leaf.scope === "resource"));
}

/** Conditions over one segment. */
export class ConditionSql {
  readonly #segment: Segment;
  readonly #resources: ResourceMessages | undefined;

  /** @param resources undefined when they are too many to look through: any may then have any attribute */
  constructor(segment: Segment, resources: ResourceMessages | undefined) {
    this.#segment = segment;
    this.#resources = resources;
  }

  /** On a row of `traces.parquet` that is read with its `file_row_number`. */
  trace(condition: TraceCondition): RowSql {
    switch (condition.node) {
      case "all":
        return allSql(...condition.conditions.map((each) => this.trace(each)));
      case "any":
        return anySql(...condition.conditions.map((each) => this.trace(each)));
      case "someSpan":
        return this.someSpan(this.span(condition.condition));
    }
  }

  /** On a row of `spans.parquet`. Facts of the trace are not asked. */
  span(condition: SpanCondition): RowSql {
    switch (condition.node) {
      case "all":
        return allSql(...condition.conditions.map((each) => this.span(each)));
      case "any":
        return anySql(...condition.conditions.map((each) => this.span(each)));
      case "service":
      case "name":
      case "status":
      case "kind":
      case "root":
      case "duration":
        return intrinsicSql(condition);
      case "attribute":
      case "attributeOrder":
      case "attributeExists":
        return this.#attribute(condition);
      case "traceDuration":
      case "traceId":
      case "rootName":
      case "rootService":
        return true;
    }
  }

  /** "Some span of the trace is such a row", on a row as {@link ConditionSql.trace} has it. */
  someSpan(spans: RowSql): RowSql {
    if (typeof spans === "boolean") return spans;
    return (sql) => {
      const file = sql.bind(this.#segment.path(SegmentFile.SPANS));
      return `file_row_number IN (SELECT trace_row FROM read_parquet(${file}) WHERE ${spans(sql)})`;
    };
  }

  #attribute(leaf: AttributeLeaf): RowSql {
    switch (leaf.scope) {
      case "span":
        return this.#ofSpan(leaf);
      case "resource":
        return this.#ofResource(leaf);
      case "any":
        // The span's own goes first; that a resource is asked where the span has the key lets too much through.
        return anySql(this.#ofSpan(leaf), this.#ofResource(leaf));
      default:
        return true;
    }
  }

  #ofSpan(leaf: AttributeLeaf): RowSql {
    const { key } = leaf;
    // It may stand for bytes that are no text, which are not found by it.
    if (key.includes("\uFFFD")) return true;
    switch (leaf.node) {
      case "attribute":
        return leaf.equals.type === "string" && leaf.equals.value.includes("\uFFFD")
          ? attributeExists(this.#segment, key)
          : attributeEquals(this.#segment, key, leaf.equals);
      case "attributeOrder":
        return attributeOrdered(this.#segment, key, leaf.operator, leaf.than);
      case "attributeExists":
        return attributeExists(this.#segment, key);
    }
  }

  #ofResource(leaf: AttributeLeaf): RowSql {
    // A service that no resource names has a name all the same.
    if (this.#resources === undefined || leaf.key === "service.name") return true;
    return onResources(leaf, this.#resources);
  }
}

/** A condition on what every span has a column of its own for. */
export type IntrinsicLeaf = Extract<
  SpanLeaf,
  { readonly node: "service" | "name" | "status" | "kind" | "root" | "duration" }
>;

/** A condition on intrinsics: neither more nor less. */
export function intrinsicSql(leaf: IntrinsicLeaf): RowSql {
  switch (leaf.node) {
    case "service":
      return (sql) => `service_name = ${sql.bind(leaf.equals)}`;
    case "name":
      return (sql) => `name = ${sql.bind(leaf.equals)}`;
    case "status":
      return numberSql("status_code", STATUSES.indexOf(leaf.equals), STATUSES.length);
    case "kind":
      return numberSql("kind", KINDS.indexOf(leaf.equals), KINDS.length);
    case "root":
      return () => "parent_span_id IS NULL";
    case "duration":
      return durationSql(leaf);
  }
}

/** "The resource has what an attribute condition asks for." */
export function onResources(leaf: AttributeLeaf, resources: ResourceMessages): RowSql {
  const ids: number[] = [];
  for (const [id, message] of resources) if (meetsAttribute(leaf, message)) ids.push(id);
  if (ids.length === 0) return false;
  if (ids.length === resources.size) return true;
  return (sql) => `resource_id IN (${ids.map((id) => sql.bind(id)).join(", ")})`;
}

function meetsAttribute(leaf: AttributeLeaf, message: Uint8Array): boolean {
  const key = attributeKey(leaf.key).utf8;
  const field = OtlpFieldNumber.Resource.attributes;
  const value = valueOfAttribute(attributeIn(message, 0, message.length, field, key));
  const compares = (operator: ValueOperator, literal: AttributeLiteral): boolean =>
    holds(operator, value, valueOfLiteral(literal));
  switch (leaf.node) {
    case "attribute":
      return compares("=", leaf.equals);
    case "attributeOrder":
      return compares(leaf.operator, leaf.than);
    case "attributeExists":
      return value !== undefined;
  }
}

/** Numbers that mean nothing count as 0. */
function numberSql(column: string, number: number, count: number): RowSql {
  return number === 0 ? () => `(${column} = 0 OR ${column} >= ${count})` : () => `${column} = ${number}`;
}

function durationSql({ minNanos, maxNanos }: DurationBounds): RowSql {
  if (maxNanos !== undefined && maxNanos < 0n) return false;
  if (minNanos !== undefined && minNanos > MAX_UINT64) return false;
  const bound = (operator: string, nanos: bigint | undefined): RowSql => {
    if (nanos === undefined || nanos < 0n || nanos > MAX_UINT64) return true;
    return (sql: BoundSql) => `duration_nanos ${operator} ${sql.bindUint64(nanos)}`;
  };
  return allSql(bound(">=", minNanos), bound("<=", maxNanos));
}
