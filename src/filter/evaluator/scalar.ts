/** Numbers made of whole spansets. */

import type { Steps } from "../../base/time-slice.ts";
import type { Aggregate, ScalarExpression } from "../query-model.ts";
import { calculate } from "./arithmetic.ts";
import { compareNumbers } from "./comparison.ts";
import { valueReader } from "./expression.ts";
import type { SpansetAttribute } from "./spanset.ts";
import type { TraceFacts } from "./trace-facts.ts";
import type { Value } from "./values.ts";
import { duration, numberOf, valueOfLiteral } from "./values.ts";

/** Spans looked at between two chances for others to run. */
const SPANS_PER_STEP = 256;

/** Works out a number over spans of a trace; tells of every aggregate on the way. Nil when an aggregate has no value. */
export type ScalarReader = (
  trace: TraceFacts,
  spans: readonly number[],
  told: SpansetAttribute[],
) => Steps<Value>;

/** Prepares a scalar expression for many spansets. */
export function scalarReader(expression: ScalarExpression): ScalarReader {
  switch (expression.node) {
    case "literal": {
      const value = valueOfLiteral(expression.value);
      // biome-ignore lint/correctness/useYield: a literal has nothing to wait for
      return function* literal() {
        return value;
      };
    }
    case "aggregate":
      return aggregateReader(expression);
    case "scalarBinary": {
      const readLeft = scalarReader(expression.left);
      const readRight = scalarReader(expression.right);
      const { operator, start } = expression;
      return function* arithmetic(trace, spans, told) {
        const left = yield* readLeft(trace, spans, told);
        const right = yield* readRight(trace, spans, told);
        return calculate(operator, left, right, start);
      };
    }
  }
}

/**
 * Prepares an aggregate. What is no number does not count, nor does NaN for `min` and `max`. Ints sum to an int,
 * durations to a duration, anything mixed to a float; the mean of ints is a float.
 */
export function aggregateReader(aggregate: Aggregate): ScalarReader {
  const { field } = aggregate;
  if (aggregate.function === "count" || field === undefined) {
    // biome-ignore lint/correctness/useYield: counting takes no look at the spans
    return function* count(_trace, spans, told) {
      const value = BigInt(spans.length);
      told.push({ of: aggregate, value });
      return value;
    };
  }
  const read = valueReader(field);
  return function* measure(trace, spans, told) {
    const measured = createMeasure(aggregate.function);
    for (const [index, span] of spans.entries()) {
      const found = read(trace, span);
      if (typeof found === "object" && found.type === "several") found.values.forEach(measured.add);
      else measured.add(found);
      if (index % SPANS_PER_STEP === SPANS_PER_STEP - 1) yield SPANS_PER_STEP;
    }
    const value = measured.result();
    told.push({ of: aggregate, value });
    return value;
  };
}

interface Measure {
  readonly add: (value: Value) => void;
  readonly result: () => Value;
}

function createMeasure(kind: Aggregate["function"]): Measure {
  switch (kind) {
    case "min":
      return createExtreme(-1);
    case "max":
      return createExtreme(1);
    default:
      return createSum(kind === "avg");
  }
}

function createExtreme(direction: 1 | -1): Measure {
  let best: Value;
  return {
    add: (value) => {
      const number = numberOf(value);
      if (number === undefined || Number.isNaN(number)) return;
      const other = numberOf(best);
      if (other === undefined || (compareNumbers(number, other) ?? 0) * direction > 0) best = value;
    },
    result: () => best,
  };
}

function createSum(isMean: boolean): Measure {
  let whole = 0n;
  let float = 0;
  const counts = { int: 0, duration: 0, float: 0 };
  const result = (): Value => {
    const count = counts.int + counts.duration + counts.float;
    if (count === 0) return undefined;
    if (count === counts.duration) return duration(BigInt.asIntN(64, isMean ? whole / BigInt(count) : whole));
    if (count === counts.int && !isMean) return BigInt.asIntN(64, whole);
    const sum = Number(whole) + float;
    return isMean ? sum / count : sum;
  };
  return {
    add: (value) => {
      const number = numberOf(value);
      if (typeof number === "bigint") {
        whole += number;
        if (typeof value === "object") counts.duration++;
        else counts.int++;
      } else if (number !== undefined) {
        float += number;
        counts.float++;
      }
    },
    result,
  };
}
