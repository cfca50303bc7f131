/** A search in SQL: which traces of one segment may match. Values are always bound, never part of the text. */

import type { DuckDBValue } from "@duckdb/node-api";
import { blobValue } from "@duckdb/node-api";
import { bytesFromHex } from "../../base/bytes.ts";
import { typedText } from "../../filter/attribute-text.ts";
import type { AttributeCondition, TraceQuery } from "../../filter/trace-query.ts";
import type { TraceKey } from "../trace-reader.ts";

/** SQL text with the values it refers to as `$1`, `$2`, ... */
export class BoundSql {
  readonly values: DuckDBValue[] = [];
  text = "";

  /** Binds a value and returns the text that stands for it. */
  bind(value: DuckDBValue): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  /** Binds an unsigned 64-bit number. */
  bindUint64(value: bigint): string {
    return `${this.bind(value)}::UBIGINT`;
  }

  /** Binds a trace id. */
  bindTraceId(traceId: string): string {
    return this.bind(blobValue(bytesFromHex(traceId)!));
  }
}

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

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

/** For each attribute condition of a query, the numbers of the resources that may hold it. */
export type ResourceMatches = readonly (readonly number[])[];

/** The condition on a row of `resources.parquet` under which an attribute condition may hold there. */
export function resourceCondition(sql: BoundSql, condition: AttributeCondition): string {
  return containsAll("resource", sql, condition);
}

/**
 * Conditions on a row of `spans.parquet`. Those on columns are exact; those on attributes let too much through and
 * are verified on the decoded rows ({@link needsVerification}).
 */
export function spanConditions(sql: BoundSql, query: TraceQuery, resources: ResourceMatches): string[] {
  const conditions: string[] = [];
  if (query.serviceName !== undefined) conditions.push(`service_name = ${sql.bind(query.serviceName)}`);
  if (query.operationName !== undefined) conditions.push(`name = ${sql.bind(query.operationName)}`);
  if (query.hasErrors === true) conditions.push("status_code = 2");
  for (const [index, condition] of (query.attributes ?? []).entries()) {
    const inSpan = containsAll("rest", sql, condition);
    const ids = resources[index] ?? [];
    const isListed = ids.length > 0 ? ` OR resource_id IN (${ids.map((id) => sql.bind(id)).join(", ")})` : "";
    conditions.push(`(${inSpan}${isListed})`);
  }
  return conditions;
}

/** True when the span conditions say more about a trace than {@link traceConditions} already did. */
export function needsSpans(query: TraceQuery): boolean {
  return (
    query.operationName !== undefined ||
    (query.serviceName !== undefined && query.hasErrors === true) ||
    needsVerification(query)
  );
}

/** True when SQL alone cannot tell whether a span matches. */
export function needsVerification(query: TraceQuery): boolean {
  return (query.attributes?.length ?? 0) > 0;
}

/** "The bytes hold the key, and the value where its bytes are known from its text": what every match has. */
function containsAll(column: string, sql: BoundSql, { key, value }: AttributeCondition): string {
  const conditions: string[] = [];
  // Values first: they are rarer than keys.
  const values = possibleBytes(value);
  if (values.length > 0) {
    conditions.push(`(${values.map((bytes) => contains(column, sql, bytes)).join(" OR ")})`);
  }
  // A replacement character may stand for bytes that are no UTF-8; then the bytes asked for are unknown.
  if (!key.includes("\uFFFD")) conditions.push(contains(column, sql, Buffer.from(key)));
  return conditions.length === 0 ? "true" : `(${conditions.join(" AND ")})`;
}

/** DuckDB searches text only, so both sides are compared as hex; a match at half a byte is a false one more. */
function contains(column: string, sql: BoundSql, bytes: Uint8Array): string {
  return `contains(hex(${column}), ${sql.bind(Buffer.from(bytes).toString("hex").toUpperCase())})`;
}

/** The bytes of which a matching value must hold some; empty when a match may look like anything. */
function possibleBytes(value: string): Uint8Array[] {
  const { integer, double } = typedText(value);
  const isNumberOrFlag =
    integer !== undefined || double !== undefined || value === "true" || value === "false";
  if (isNumberOrFlag || value === "" || value.includes("\uFFFD")) return [];
  const bytes = [Buffer.from(value)];
  const decoded = Buffer.from(value, "base64");
  if (value.length % 4 === 0 && decoded.toString("base64") === value) bytes.push(decoded);
  return bytes;
}
