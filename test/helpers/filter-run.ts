/** Runs filters over built traces and tells the answer in names. */

import { atOnce } from "../../src/base/time-slice.ts";
import type { CompiledPipeline, TraceMatch } from "../../src/filter/evaluator/pipeline.ts";
import { compilePipeline } from "../../src/filter/evaluator/pipeline.ts";
import { spanTraceView } from "../../src/filter/evaluator/span-trace-view.ts";
import type { TraceView } from "../../src/filter/evaluator/trace-view.ts";
import type { FieldExpression, Pipeline, PipelineStage } from "../../src/filter/query-model.ts";
import type { Span } from "../../src/model/span.ts";
import { filter, pipeline } from "./filter-builder.ts";

export function runOver(compiled: CompiledPipeline, view: TraceView): TraceMatch | undefined {
  return atOnce(compiled.run(view));
}

export function run(query: Pipeline, spans: readonly Span[]): TraceMatch | undefined {
  return runOver(compilePipeline(query), spanTraceView(spans));
}

/** Names of the matched spans of every spanset, sorted; an empty list when nothing matches. */
export function matchedNames(stages: readonly PipelineStage[], spans: readonly Span[]): string[][] {
  const match = run(pipeline(...stages), spans);
  if (match === undefined) return [];
  const { view } = match.trace;
  return match.spansets.map((spanset) => spanset.spans.map((span) => view.name(span)).sort());
}

/** True when a condition holds on a span, the only one of its trace. */
export function holdsOn(span: Span, condition: FieldExpression): boolean {
  return run(pipeline(filter(condition)), [span]) !== undefined;
}
