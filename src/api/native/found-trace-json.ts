/** Traces that a query found, as the native API writes them. */

import { conditionText } from "../../filter/conditions/condition-text.ts";
import type { Value } from "../../filter/evaluator/values.ts";
import { typeOf } from "../../filter/evaluator/values.ts";
import type { TraceQuery } from "../../filter/trace-query.ts";
import type { PlainJson } from "../../model/attribute-json.ts";
import { plainJsonFromAttribute } from "../../model/attribute-json.ts";
import type { FoundField, FoundSpan, FoundSpanset, FoundTrace } from "../../query/found-traces.ts";
import type { TraceQlSearchAnswer } from "../../query/search-traceql.ts";
import type {
  FoundSpanJson,
  FoundSpansetJson,
  FoundTraceJson,
  FoundTraceListJson,
  QueryFieldJson,
  QueryValueType,
  QueryWarningJson,
} from "../traceql-contract.ts";
import { rangeJson } from "./range-json.ts";
import { summaryJson } from "./summary-json.ts";

/** A page of traces that a query found. */
export function foundTraceListJson(answer: TraceQlSearchAnswer): FoundTraceListJson {
  const { candidates, where, ...counts } = answer.explanation;
  return {
    traces: answer.traces.map(foundTraceJson),
    nextPageToken: answer.nextPageToken,
    range: rangeJson(answer.range),
    warnings: warningsJson(answer.warnings),
    explanation: { candidates: candidatesJson(candidates), conditions: conditionText(where), ...counts },
  };
}

/** What is probably not meant in a query. */
export function warningsJson(warnings: TraceQlSearchAnswer["warnings"]): readonly QueryWarningJson[] {
  return warnings.map(({ rule, start, end, message }) => ({ rule, start, end, message }));
}

function foundTraceJson({ summary, spansetCount, spansets }: FoundTrace): FoundTraceJson {
  return { ...summaryJson(summary), spansetCount, spansets: spansets.map(spansetJson) };
}

function spansetJson({ matched, fields, spans }: FoundSpanset): FoundSpansetJson {
  return { matched, fields: fields.map(fieldJson), spans: spans.map(spanJson) };
}

function spanJson(span: FoundSpan): FoundSpanJson {
  return {
    spanId: span.spanId,
    name: span.name,
    serviceName: span.serviceName,
    startTimeUnixNano: span.startTimeUnixNano.toString(),
    durationNanos: span.durationNanos.toString(),
    fields: span.fields.map(fieldJson),
  };
}

/** A value with its name and type. */
export function fieldJson({ name, value }: FoundField): QueryFieldJson {
  return { name, type: typeWord(value), value: valueJson(value) };
}

function typeWord(value: Value): QueryValueType {
  const type = typeOf(value);
  if (type === "boolean") return "bool";
  if (type === "array" || type === "several") return "list";
  return type === "opaque" ? "other" : type;
}

function valueJson(value: Value): PlainJson {
  if (value === undefined) return null;
  if (typeof value !== "object") return plainJsonFromAttribute(value);
  switch (value.type) {
    case "duration":
      return value.nanos.toString();
    case "status":
    case "kind":
      return value.value;
    case "array":
      return value.elements.map(valueJson);
    case "several":
      return value.values.map(valueJson);
    case "opaque":
      return plainJsonFromAttribute(value.value);
  }
}

/** By the names of the search parameters; the range is told beside them. */
export function candidatesJson(query: TraceQuery): Readonly<Record<string, PlainJson>> {
  const { serviceName, operationName, rootServiceName, rootOperationName, hasErrors, attributes } = query;
  const all: Readonly<Record<string, PlainJson | undefined>> = {
    service: serviceName,
    operation: operationName,
    rootService: rootServiceName,
    rootOperation: rootOperationName,
    hasErrors,
    minDurationNanos: query.minDurationNanos?.toString(),
    maxDurationNanos: query.maxDurationNanos?.toString(),
    attribute: attributes?.map(({ key, value }) => `${key}=${value}`),
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, PlainJson] => entry[1] !== undefined),
  );
}
