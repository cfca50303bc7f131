/** The one meaning of a filter: pipelines of the model, prepared once and run over one trace after the other. */

import type { Steps } from "../../base/time-slice.ts";
import type {
  Field,
  GroupStage,
  Pipeline,
  PipelineStage,
  ScalarFilter,
  SpansetCombination,
  SpansetFilter,
  SpansetRelation,
} from "../query-model.ts";
import { checkSpansets } from "./check-spansets.ts";
import { holds } from "./comparison.ts";
import { costOf } from "./condition-cost.ts";
import { spanTest, valueReader } from "./expression.ts";
import { groupKey } from "./group-key.ts";
import { fieldsOf, traceFactsOf } from "./pipeline-fields.ts";
import { relatedSpans } from "./relation.ts";
import { scalarReader } from "./scalar.ts";
import type { SortKey } from "./sort-key.ts";
import { sortKeyReader } from "./sort-key.ts";
import type { Spanset, SpansetAttribute } from "./spanset.ts";
import { unitedSpans } from "./spanset.ts";
import type { TraceFact } from "./trace-facts.ts";
import { TraceFacts } from "./trace-facts.ts";
import type { TraceView } from "./trace-view.ts";
import type { Value } from "./values.ts";

/** Spans looked at between two chances for others to run: a condition takes a microsecond or two a span. */
const SPANS_PER_STEP = 256;

/** A trace that matches. */
export interface TraceMatch {
  /** At least one; spans as numbers of the view that was given. */
  readonly spansets: readonly Spanset[];
  /** Undefined when the pipeline asks for no order. */
  readonly sortKey: SortKey | undefined;
  /** The trace with what was worked out of it: fields of its spans are read from this. */
  readonly trace: TraceFacts;
}

/** A pipeline that is ready to run. */
export interface CompiledPipeline {
  /** What is to be shown of each matching span: what conditions, groups and aggregates read, and what was selected. */
  readonly fields: readonly Field[];
  /**
   * What is worked out of every trace first. `selfTimes` and `criticalPath` take one step each, however many spans there
   * are: over traces of very many they belong in a thread.
   */
  readonly facts: ReadonlySet<TraceFact>;
  /**
   * Runs over one whole trace; undefined when it does not match. Work that can be done in slices.
   *
   * @throws FilterError when a whole number is divided by zero.
   */
  run(view: TraceView): Steps<TraceMatch | undefined>;
}

interface Run {
  readonly trace: TraceFacts;
  sortKey: SortKey | undefined;
}

type Stage = (run: Run, input: readonly Spanset[]) => Steps<readonly Spanset[]>;

/**
 * Prepares a pipeline for many traces.
 *
 * @throws FilterError when it asks how spans of several spansets are related, or for a regular
 * expression that is none.
 *
 * @example
 * const { run } = compilePipeline(pipeline);
 * const match = await inSlices(run(rowTraceView(rows)), slice);
 */
export function compilePipeline(pipeline: Pipeline): CompiledPipeline {
  checkSpansets(pipeline);
  const facts = traceFactsOf(pipeline);
  const stage = pipelineStage(pipeline);
  return {
    fields: fieldsOf(pipeline),
    facts,
    *run(view) {
      const trace = new TraceFacts(view);
      yield* trace.prepare(facts);
      const all = spansOf(view);
      const run: Run = { trace, sortKey: undefined };
      const spansets = yield* stage(run, all.length === 0 ? [] : [{ spans: all, attributes: [] }]);
      return spansets.length === 0 ? undefined : { spansets, sortKey: run.sortKey, trace };
    },
  };
}

function spansOf({ spanCount }: TraceView): number[] {
  const spans: number[] = [];
  for (let span = 0; span < spanCount; span++) spans.push(span);
  return spans;
}

function pipelineStage({ stages }: Pipeline): Stage {
  const compiled = stages.map(stageOf);
  return function* run(state, input) {
    let spansets = input;
    for (const stage of compiled) spansets = yield* stage(state, spansets);
    return spansets;
  };
}

function stageOf(stage: PipelineStage): Stage {
  switch (stage.node) {
    case "pipeline":
      return pipelineStage(stage);
    case "filter":
      return forEach(filterStage(stage));
    case "combination":
      return forEach(combinationStage(stage));
    case "relation":
      return forEach(relationStage(stage));
    case "scalarFilter":
      return forEach(scalarStage(stage));
    case "by":
      return forEach(groupStage(stage));
    case "coalesce":
      return coalesced;
    case "select":
      return unchanged;
    case "orderBy": {
      const readKey = sortKeyReader(stage);
      return function* order(run, input) {
        run.sortKey = yield* readKey(run.trace, input);
        return input;
      };
    }
  }
}

type SpansetStage = (run: Run, spanset: Spanset) => Steps<readonly Spanset[]>;

function forEach(stage: SpansetStage): Stage {
  return function* each(run, input) {
    const output: Spanset[] = [];
    let done = 0;
    for (const spanset of input) {
      for (const each of yield* stage(run, spanset)) output.push(each);
      // Many small sets are as much work as a large one.
      done += spanset.spans.length;
      if (done < SPANS_PER_STEP) continue;
      yield done;
      done = 0;
    }
    return output;
  };
}

function filterStage({ condition }: SpansetFilter): SpansetStage {
  if (condition === undefined) {
    // biome-ignore lint/correctness/useYield: every span stays
    return function* all(_run, spanset) {
      return [spanset];
    };
  }
  const matches = spanTest(condition);
  const spansPerStep = Math.max(1, Math.floor(SPANS_PER_STEP / costOf(condition)));
  return function* filter({ trace }, { spans, attributes }) {
    const kept: number[] = [];
    for (const [index, span] of spans.entries()) {
      if (matches(trace, span)) kept.push(span);
      if (index % spansPerStep === spansPerStep - 1) yield SPANS_PER_STEP;
    }
    return spansetOf(kept, attributes);
  };
}

function combinationStage({ operator, left, right }: SpansetCombination): SpansetStage {
  const runLeft = stageOf(left);
  const runRight = stageOf(right);
  return function* combine(run, spanset) {
    const leftSets = yield* runLeft(run, [spanset]);
    if (operator === "&&" && leftSets.length === 0) return [];
    const rightSets = yield* runRight(run, [spanset]);
    if (operator === "&&" && rightSets.length === 0) return [];
    const united = unitedSpans([...leftSets, ...rightSets]);
    yield united.length;
    return spansetOf(united, spanset.attributes);
  };
}

function relationStage({ relation, form, left, right }: SpansetRelation): SpansetStage {
  const runLeft = stageOf(left);
  const runRight = stageOf(right);
  return function* relate(run, spanset) {
    const rightSpans = unitedSpans(yield* runRight(run, [spanset]));
    if (rightSpans.length === 0) return [];
    const leftSpans = unitedSpans(yield* runLeft(run, [spanset]));
    yield rightSpans.length + leftSpans.length;
    const question = { relation, form, left: leftSpans, right: rightSpans };
    return spansetOf(relatedSpans(run.trace.nestedSets, question), spanset.attributes);
  };
}

function scalarStage({ operator, left, right }: ScalarFilter): SpansetStage {
  const readLeft = scalarReader(left);
  const readRight = scalarReader(right);
  return function* keep({ trace }, spanset) {
    const told: SpansetAttribute[] = [];
    const leftValue = yield* readLeft(trace, spanset.spans, told);
    const rightValue = yield* readRight(trace, spanset.spans, told);
    if (!holds(operator, leftValue, rightValue)) return [];
    return [{ spans: spanset.spans, attributes: [...spanset.attributes, ...told] }];
  };
}

/** Spans without a value are a group too. A span with several events goes by the first that has the value. */
function groupStage(stage: GroupStage): SpansetStage {
  const read = valueReader(stage.field);
  return function* group({ trace }, spanset) {
    const groups = new Map<string, { readonly value: Value; readonly spans: number[] }>();
    for (const [index, span] of spanset.spans.entries()) {
      const found = read(trace, span);
      const value = typeof found === "object" && found.type === "several" ? found.values[0] : found;
      const key = groupKey(value);
      const known = groups.get(key);
      if (known === undefined) groups.set(key, { value, spans: [span] });
      else known.spans.push(span);
      if (index % SPANS_PER_STEP === SPANS_PER_STEP - 1) yield SPANS_PER_STEP;
    }
    return Array.from(groups.values(), ({ value, spans }) => ({
      spans,
      attributes: [...spanset.attributes, { of: stage, value }],
    }));
  };
}

// biome-ignore lint/correctness/useYield: lists are put together at once
function* coalesced(_run: Run, input: readonly Spanset[]): Steps<readonly Spanset[]> {
  return spansetOf(unitedSpans(input), []);
}

// biome-ignore lint/correctness/useYield: which spans match does not change
function* unchanged(_run: Run, input: readonly Spanset[]): Steps<readonly Spanset[]> {
  return input;
}

function spansetOf(spans: readonly number[], attributes: readonly SpansetAttribute[]): readonly Spanset[] {
  return spans.length === 0 ? [] : [{ spans, attributes }];
}
