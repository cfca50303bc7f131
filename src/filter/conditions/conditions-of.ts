/** What must hold on a trace for a pipeline to match it. */

import type { Pipeline, PipelineStage, SpansetCombination, SpansetRelation } from "../query-model.ts";
import { boundedCondition } from "./bounded-condition.ts";
import type { SpanCondition, TraceCondition } from "./condition.ts";
import { ALWAYS, allOf, anyOf, isAlways, someSpan } from "./condition.ts";
import { spanConditionOf } from "./span-condition.ts";

/**
 * The necessary conditions of a pipeline: a trace that matches meets them, so a store may pass over every trace that
 * does not. A trace that meets them need not match.
 *
 * @example
 * // { resource.service.name = "shop" && duration > 1s } >> { status = error }
 * // all of: some span with service "shop" and at least 1,000,000,000 ns; some span with status error
 */
export function conditionsOf(pipeline: Pipeline): TraceCondition {
  return boundedCondition(wholeOf(necessaryOf(pipeline)));
}

/** What a stage needs. */
interface Necessary {
  readonly trace: TraceCondition;
  /** Holds on every span the stage gives. */
  readonly spans: SpanCondition;
  /** True when `trace` says already that there is a span with `spans`. */
  readonly isTold: boolean;
}

const NOTHING: Necessary = { trace: ALWAYS, spans: ALWAYS, isTold: true };

function wholeOf({ trace, spans, isTold }: Necessary): TraceCondition {
  return isTold ? trace : allOf(trace, someSpan(spans));
}

function necessaryOf(stage: PipelineStage): Necessary {
  switch (stage.node) {
    case "filter":
      if (stage.condition === undefined) return NOTHING;
      return { trace: ALWAYS, spans: spanConditionOf(stage.condition), isTold: false };
    case "combination":
      return ofCombination(stage);
    case "relation":
      return ofRelation(stage);
    case "pipeline":
      return stage.stages.map(necessaryOf).reduce(after, NOTHING);
    default:
      return NOTHING;
  }
}

/** A stage over what the one before gave: its spans meet both. */
function after(before: Necessary, stage: Necessary): Necessary {
  if (stage === NOTHING) return before;
  return {
    trace: allOf(before.trace, stage.trace),
    spans: allOf(before.spans, stage.spans),
    isTold: stage.isTold && isAlways(before.spans),
  };
}

function ofCombination({ operator, left, right }: SpansetCombination): Necessary {
  const leftNeeds = necessaryOf(left);
  const rightNeeds = necessaryOf(right);
  const both = [wholeOf(leftNeeds), wholeOf(rightNeeds)];
  const trace = operator === "&&" ? allOf(...both) : anyOf(...both);
  return { trace, spans: anyOf(leftNeeds.spans, rightNeeds.spans), isTold: true };
}

/** Only what is asked to have no relation may match without a span on the left. */
function ofRelation({ form, left, right }: SpansetRelation): Necessary {
  const leftNeeds = necessaryOf(left);
  const rightNeeds = necessaryOf(right);
  const trace = form === "not" ? wholeOf(rightNeeds) : allOf(wholeOf(leftNeeds), wholeOf(rightNeeds));
  const spans = form === "union" ? anyOf(leftNeeds.spans, rightNeeds.spans) : rightNeeds.spans;
  return { trace, spans, isTold: true };
}
