/** A search in SQL: which traces of one segment may match. */

import { hasSpanConditions } from "../../filter/evaluate.ts";
import type { TraceQuery } from "../../filter/trace-query.ts";
import type { TraceKey } from "../trace-reader.ts";
import type { AttributePlan } from "./attribute-conditions.ts";
import { attributeCondition, attributePlan, mayBeOnResource } from "./attribute-conditions.ts";
import type { BoundSql } from "./bound-sql.ts";
import { MAX_UINT64 } from "./bound-sql.ts";
import { holdsAttribute } from "./byte-search.ts";
import type { Segment } from "./segment.ts";
import { SegmentFile } from "./segment-format.ts";

/**
 * Conditions on a row of `traces.parquet`: the trace's own, and what follows for it from the span conditions. Exact
 * for a trace that lies in this segment alone.
 */
export function traceConditions(sql: BoundSql, query: TraceQuery, after: TraceKey | undefined): string[] {
  const conditions: string[] = [];
  const { startTimeUnixNano, endTimeUnixNano, minDurationNanos, maxDurationNanos } = query;
  const addBound = (column: string, operator: string, bound: bigint | undefined): void => {
    if (bound === undefined) return;
    if (bound >= 0n && bound <= MAX_UINT64) conditions.push(`${column} ${operator} ${sql.bindUint64(bound)}`);
    else if (bound < 0n === operator.startsWith("<")) conditions.push("false");
  };
  addBound("start_time_unix_nano", ">=", startTimeUnixNano);
  addBound("start_time_unix_nano", "<", endTimeUnixNano);
  addBound("end_time_unix_nano", ">=", query.minEndTimeUnixNano);
  addBound("duration_nanos", ">=", minDurationNanos);
  addBound("duration_nanos", "<=", maxDurationNanos);
  if (query.rootServiceName !== undefined) {
    conditions.push(`root_service_name = ${sql.bind(query.rootServiceName)}`);
  }
  if (query.rootOperationName !== undefined) {
    conditions.push(`root_operation_name = ${sql.bind(query.rootOperationName)}`);
  }
  if (query.hasErrors === true) conditions.push("error_count > 0");
  if (query.hasErrors === false) conditions.push("error_count = 0");
  if (query.serviceName !== undefined) {
    // The list is JSON: no name can hold an unescaped quote, so this text only occurs where an entry begins.
    conditions.push(`contains(services, ${sql.bind(`[${JSON.stringify(query.serviceName)},`)})`);
  }
  if (after !== undefined) {
    const start = sql.bindUint64(after.startTimeUnixNano);
    const id = sql.bindTraceId(after.traceId);
    conditions.push(`start_time_unix_nano <= ${start}`);
    conditions.push(`(start_time_unix_nano < ${start} OR trace_id < ${id})`);
  }
  return conditions;
}

/** The part of a query, or of a range of sums, that asks only for the start of the trace. */
export function startRange({
  startTimeUnixNano,
  endTimeUnixNano,
}: Pick<TraceQuery, "startTimeUnixNano" | "endTimeUnixNano">): TraceQuery {
  return {
    ...(startTimeUnixNano === undefined ? {} : { startTimeUnixNano }),
    ...(endTimeUnixNano === undefined ? {} : { endTimeUnixNano }),
  };
}

/** How the span conditions of a query are asked of one segment. */
export interface SpanPlan {
  /** True when the span conditions say more about a trace than {@link traceConditions} already did. */
  readonly needsSpans: boolean;
  /** False when SQL lets too much through and its finds have to be asked again, span by span. */
  readonly isExact: boolean;
  /** Files that the conditions read besides `traces.parquet`. */
  readonly files: readonly string[];
  /** Conditions on a row of `spans.parquet`. */
  conditions(sql: BoundSql): string[];
}

/** Numbers of the resources that may hold what an attribute condition asks for; called only where some may. */
export type FindResources = (condition: (sql: BoundSql) => string) => Promise<readonly number[]>;

/** Makes the plan; undefined when no span of the segment can match. */
export async function spanPlan(
  segment: Segment,
  query: TraceQuery,
  findResources: FindResources,
): Promise<SpanPlan | undefined> {
  const isFirstFormat = segment.meta.formatVersion === 1;
  const attributes: ((sql: BoundSql) => string)[] = [];
  const plans: AttributePlan[] = [];
  for (const condition of query.attributes ?? []) {
    const mayHaveResources = isFirstFormat || mayBeOnResource(segment, condition);
    const resourceIds = mayHaveResources
      ? await findResources((sql) => holdsAttribute("resource", sql, condition))
      : [];
    if (isFirstFormat) {
      attributes.push((sql) =>
        firstFormatCondition(sql, holdsAttribute("rest", sql, condition), resourceIds),
      );
      continue;
    }
    const plan = attributePlan(segment, condition, resourceIds);
    if (plan === undefined) return undefined;
    plans.push(plan);
    attributes.push((sql) => attributeCondition(sql, segment, plan, condition));
  }
  const isListed = plans.some(({ mayBeListed }) => mayBeListed);
  return {
    needsSpans: needsSpans(query),
    isExact: attributes.length === 0 || (!isFirstFormat && plans.every(({ isExact }) => isExact)),
    files: isListed ? [SegmentFile.SPANS, SegmentFile.ATTRIBUTES] : [SegmentFile.SPANS],
    conditions: (sql) => [...columnConditions(sql, query), ...attributes.map((condition) => condition(sql))],
  };
}

function firstFormatCondition(sql: BoundSql, inSpan: string, resourceIds: readonly number[]): string {
  const ids = resourceIds.map((id) => sql.bind(id)).join(", ");
  return resourceIds.length === 0 ? inSpan : `(${inSpan} OR resource_id IN (${ids}))`;
}

function columnConditions(sql: BoundSql, query: TraceQuery): string[] {
  const conditions: string[] = [];
  if (query.serviceName !== undefined) conditions.push(`service_name = ${sql.bind(query.serviceName)}`);
  if (query.operationName !== undefined) conditions.push(`name = ${sql.bind(query.operationName)}`);
  if (query.hasErrors === true) conditions.push("status_code = 2");
  return conditions;
}

function needsSpans(query: TraceQuery): boolean {
  const { serviceName, operationName, hasErrors, attributes = [] } = query;
  if (!hasSpanConditions(query)) return false;
  return (
    operationName !== undefined || (serviceName !== undefined && hasErrors === true) || attributes.length > 0
  );
}
