/** What a search of api_v3 asks for: a structured filter, or the fields that came before it, which mean one. */

import { TracAggError } from "../../base/errors.ts";
import { KINDS } from "../../filter/query-model.ts";
import type { FindBySpanRequest } from "../../query/find-by-span.ts";
import type { Constant, FilterLevel, Predicate } from "./filter-ast.ts";
import { FILTER_FIELDS } from "./filter-ast.ts";
import { questionOf } from "./filter-ast-condition.ts";
import { filterFromJson } from "./filter-ast-resolve.ts";
import { checkTruth, durationOf, malformed, parameterOf, searchDepthOf, timeOf } from "./v3-parameters.ts";

/** Conditions on one span besides its start; absent ones hold always. */
export interface LegacyFields {
  readonly serviceName?: string | undefined;
  readonly operationName?: string | undefined;
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /** Inclusive. */
  readonly durationMinNanos?: bigint | undefined;
  /** Inclusive. */
  readonly durationMaxNanos?: bigint | undefined;
}

/** A search as any form of the API has it. */
export interface SpanSearch {
  readonly legacy: LegacyFields;
  readonly filter: Predicate | undefined;
  readonly startTimeUnixNano?: bigint | undefined;
  readonly endTimeUnixNano?: bigint | undefined;
  readonly maxTraces: number;
}

/**
 * What is looked for.
 *
 * @throws TracAggError `invalid_argument` when there is a filter beside a field that came before it.
 */
export function requestOf({ legacy, filter, ...rest }: SpanSearch): FindBySpanRequest {
  const conditions = legacyConditions(legacy);
  if (filter !== undefined && conditions.length > 0) {
    throw new TracAggError(
      "invalid_argument",
      "filter cannot be given together with serviceName, operationName, attributes, durationMin or durationMax",
      { field: "filter" },
    );
  }
  return { question: questionOf(filter ?? { node: "and", predicates: conditions }), ...rest };
}

/**
 * Reads a search from query parameters.
 *
 * @throws TracAggError `invalid_argument` for what cannot be read, a range that is missing or ends before it starts, and
 * as {@link requestOf}.
 */
export function searchFromParameters(search: URLSearchParams): FindBySpanRequest {
  const given = (camel: string, ...others: readonly string[]) =>
    parameterOf(search, `query.${camel}`, ...others.map((name) => `query.${name}`));
  const attributes = given("attributes");
  const filter = given("filter");
  const legacy: LegacyFields = {
    serviceName: given("serviceName", "service_name")?.text,
    operationName: given("operationName", "operation_name")?.text,
    attributes: attributes === undefined ? undefined : attributesFrom(attributes.text),
    durationMinNanos: durationOf(given("durationMin", "duration_min")),
    durationMaxNanos: durationOf(given("durationMax", "duration_max")),
  };
  checkTruth(given("rawTraces", "raw_traces"));
  const start = timeOf(given("startTimeMin", "start_time_min"));
  const end = timeOf(given("startTimeMax", "start_time_max"));
  if (start === undefined || end === undefined) {
    throw new TracAggError("invalid_argument", "query.startTimeMin and query.startTimeMax are required");
  }
  if (start >= end) {
    throw new TracAggError("invalid_argument", "query.startTimeMin must be before query.startTimeMax");
  }
  return requestOf({
    legacy,
    filter: filter === undefined ? undefined : parsedFilter(filter.text),
    startTimeUnixNano: start,
    endTimeUnixNano: end,
    maxTraces: searchDepthOf(given("searchDepth", "search_depth", "num_traces")),
  });
}

function parsedFilter(text: string): Predicate {
  try {
    return filterFromJson(text);
  } catch (thrown) {
    if (!(thrown instanceof TracAggError)) throw thrown;
    throw malformed("query.filter", thrown.message);
  }
}

function attributesFrom(text: string): Readonly<Record<string, string>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const isMap =
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((each) => typeof each === "string");
  if (isMap) return value as Readonly<Record<string, string>>;
  throw malformed("query.attributes", 'expected a JSON object of strings such as {"http.method":"GET"}');
}

function legacyConditions(legacy: LegacyFields): readonly Predicate[] {
  const conditions: Predicate[] = [];
  const { serviceName = "", operationName = "", attributes = {} } = legacy;
  if (serviceName !== "") conditions.push(fieldEquals("resource", "service", serviceName));
  if (operationName !== "") conditions.push(fieldEquals("span", "name", operationName));
  for (const [key, value] of Object.entries(attributes)) conditions.push(attributeCondition(key, value));
  const { durationMinNanos = 0n, durationMaxNanos = 0n } = legacy;
  if (durationMinNanos !== 0n) conditions.push(durationBound("gte", durationMinNanos));
  if (durationMaxNanos !== 0n) conditions.push(durationBound("lte", durationMaxNanos));
  return conditions;
}

/** Attributes that Jaeger shows of every span, and the fields that they stand for. */
const SHOWN_FIELDS: Readonly<Record<string, readonly [level: FilterLevel, name: string]>> = Object.freeze({
  "otel.status_description": ["span", "statusMessage"],
  "otel.scope.name": ["scope", "name"],
  "otel.scope.version": ["scope", "version"],
  "w3c.tracestate": ["span", "traceState"],
});

/** An attribute of the span or its resource; or what Jaeger shows under that key, since that is what people copy. */
function attributeCondition(key: string, value: string): Predicate {
  const stored: Predicate = {
    node: "compare",
    operator: "eq",
    left: { node: "attribute", key, level: undefined },
    right: { type: "any", text: value },
  };
  const orShown = (level: FilterLevel, name: string, text: string): Predicate => ({
    node: "or",
    predicates: [stored, fieldEquals(level, name, text)],
  });
  const shownField = Object.hasOwn(SHOWN_FIELDS, key) ? SHOWN_FIELDS[key] : undefined;
  if (shownField !== undefined) return orShown(...shownField, value);
  const lowered = value.toLowerCase();
  if (key === "span.kind" && KINDS.some((kind) => kind === lowered)) return orShown("span", "kind", lowered);
  if (key === "otel.status_code" && (lowered === "ok" || lowered === "error")) {
    return orShown("span", "status", lowered);
  }
  if (key === "error" && value === "true") return orShown("span", "status", "error");
  if (key === "error" && value === "false") {
    return { node: "not", predicate: attributeCondition("error", "true") };
  }
  return stored;
}

function fieldEquals(level: FilterLevel, name: string, text: string): Predicate {
  const kind = FILTER_FIELDS[level][name] as "text";
  const right: Constant = { type: "string", value: text };
  return { node: "compare", operator: "eq", left: { node: "field", level, name, kind }, right };
}

function durationBound(operator: "gte" | "lte", nanos: bigint): Predicate {
  return {
    node: "compare",
    operator,
    left: { node: "field", level: "span", name: "duration", kind: "duration" },
    right: { type: "nanos", value: nanos },
  };
}
