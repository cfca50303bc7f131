/** Which spans an exporter is meant for: a spanset filter of TraceQL, asked of each span by itself. */

import { TracAggError } from "../base/errors.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import { spanTest } from "../filter/evaluator/expression.ts";
import { factOf } from "../filter/evaluator/field-reader.ts";
import { rowTraceView } from "../filter/evaluator/row-trace-view.ts";
import { TraceFacts } from "../filter/evaluator/trace-facts.ts";
import { FilterError } from "../filter/filter-error.ts";
import type { FieldExpression } from "../filter/query-model.ts";
import { parseQuery } from "../traceql/parse-query.ts";

/** True for a span that is meant. */
export type SpanFilter = (row: SpanRow) => boolean;

/**
 * Reads a filter such as `{ resource.service.name = "checkout" && status = error }`.
 *
 * @throws TracAggError `invalid_argument` when it is no TraceQL, more than one spanset filter, or asks for what only the
 * whole trace can tell: spans are sent on as they arrive, and their trace may not have ended.
 *
 * @example
 * const filter = spanFilterOf("{ duration > 100ms }");
 * const slow = rows.filter(filter);
 */
export function spanFilterOf(text: string): SpanFilter {
  const { expression } = parseQuery(text);
  const [stage, second] = expression.node === "pipeline" ? expression.stages : [];
  if (stage?.node !== "filter" || second !== undefined) {
    throw new TracAggError(
      "invalid_argument",
      `expected one spanset filter such as { resource.service.name = "checkout" }, got \`${text}\``,
    );
  }
  const { condition } = stage;
  if (condition === undefined) return () => true;
  refuseWholeTraces(condition);
  const test = spanTest(condition);
  return (row) => {
    try {
      return test(new TraceFacts(rowTraceView([row])), 0);
    } catch (thrown) {
      // Divided by zero: what cannot be worked out does not hold.
      if (thrown instanceof FilterError) return false;
      throw thrown;
    }
  };
}

function refuseWholeTraces(expression: FieldExpression): void {
  switch (expression.node) {
    case "binary":
      refuseWholeTraces(expression.left);
      refuseWholeTraces(expression.right);
      return;
    case "unary":
      refuseWholeTraces(expression.operand);
      return;
    case "intrinsic":
      if (factOf(expression.name) === undefined) return;
      throw new TracAggError(
        "invalid_argument",
        `expected conditions on single spans, got ${expression.name}: spans are sent on before their trace is complete`,
      );
    default:
  }
}
