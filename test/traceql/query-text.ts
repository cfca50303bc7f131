import type { FieldExpression, Pipeline, PipelineStage, Query } from "../../src/filter/query-model.ts";
import { parseSyntax } from "../../src/traceql/parse-query.ts";

/** A query without the places in the text it was read from, for comparing what it says. */
export function withoutRanges<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutRanges) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== "start" && key !== "end");
  return Object.fromEntries(entries.map(([key, part]) => [key, withoutRanges(part)])) as T;
}

/** What a text says, without places and without checks. */
export function read(text: string): Query {
  return withoutRanges(parseSyntax(text));
}

/** The stages of a pipeline. */
export function stagesOf(text: string): readonly PipelineStage[] {
  return (read(text).expression as Pipeline).stages;
}

/** The condition of the one filter of a query. */
export function conditionOf(condition: string): FieldExpression | undefined {
  const stage = stagesOf(`{ ${condition} }`)[0];
  return stage?.node === "filter" ? stage.condition : undefined;
}
