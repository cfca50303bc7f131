/** Refuses questions that have no answer: how spans of several spansets are related. */

import { FilterError } from "../filter-error.ts";
import type { Pipeline, PipelineStage } from "../query-model.ts";

/**
 * Checks a pipeline before it runs, so that a query is refused for every trace or for none.
 *
 * @throws FilterError when a structural operator meets what `by` has parted.
 */
export function checkSpansets(pipeline: Pipeline): void {
  areSeveralAfter(pipeline, false);
}

/** True when a stage may give several spansets; `before`: when it may be given several. */
function areSeveralAfter(stage: PipelineStage, before: boolean): boolean {
  switch (stage.node) {
    case "by":
      return true;
    case "coalesce":
      return false;
    case "pipeline":
      return stage.stages.reduce((areSeveral, each) => areSeveralAfter(each, areSeveral), before);
    case "combination":
      areSeveralAfter(stage.left, before);
      areSeveralAfter(stage.right, before);
      return before;
    case "relation":
      if (areSeveralAfter(stage.left, false) || areSeveralAfter(stage.right, false) || before) {
        throw new FilterError(
          stage.start,
          "expected one spanset on either side of a structural operator, got several " +
            "made by by(); consider using coalesce()",
        );
      }
      return before;
    default:
      return before;
  }
}
