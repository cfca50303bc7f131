/** Whether a structured filter holds on a span. */

import type { TraceView } from "../../filter/evaluator/trace-view.ts";
import type { ComparisonName, NestedLevel, Predicate } from "./filter-ast.ts";
import type { Scalar, ScalarTest } from "./filter-ast-constants.ts";
import { constantTest, scalarsEqual, scalarsOrdered } from "./filter-ast-constants.ts";
import type { AskedSpan, ValuesReader } from "./filter-ast-readers.ts";
import { eventsOf, linksOf, valuesReader } from "./filter-ast-readers.ts";

type AskedTest = (asked: AskedSpan) => boolean;

/**
 * Prepares a filter for many spans. What is not there makes a comparison false, `ne` and `not_in` too; `not` alone turns
 * that. Of several values one is enough, for `ne` and `not_in` none may be equal.
 */
export function predicateTest(predicate: Predicate): (view: TraceView, span: number) => boolean {
  const test = testOf(predicate);
  return (view, span) => test({ view, span, bound: {} });
}

function testOf(predicate: Predicate): AskedTest {
  switch (predicate.node) {
    case "and": {
      const tests = predicate.predicates.map(testOf);
      return (asked) => tests.every((test) => test(asked));
    }
    case "or": {
      const tests = predicate.predicates.map(testOf);
      return (asked) => tests.some((test) => test(asked));
    }
    case "not": {
      const test = testOf(predicate.predicate);
      return (asked) => !test(asked);
    }
    case "always":
    case "never": {
      const holds = predicate.node === "always";
      return () => holds;
    }
    case "compare": {
      const { operator, left, right } = predicate;
      return valuesTest(valuesReader(left), constantTest(operator, right), operator === "ne");
    }
    case "compareBoth":
      return bothTest(predicate.operator, valuesReader(predicate.left), valuesReader(predicate.right));
    case "regex": {
      const { matches } = predicate;
      const test: ScalarTest = (value) => value !== null && matches(String(value));
      return valuesTest(valuesReader(predicate.reference), test, false);
    }
    case "exists": {
      const read = valuesReader(predicate.reference);
      return (asked) => read(asked) !== undefined;
    }
    case "in": {
      const tests = predicate.values.map((value) => constantTest("eq", value));
      const test: ScalarTest = (value) => tests.some((each) => each(value));
      return valuesTest(valuesReader(predicate.reference), test, predicate.isNegated);
    }
    case "some":
      return someTest(predicate.level, testOf(predicate.predicate));
  }
}

function valuesTest(read: ValuesReader, test: ScalarTest, isNegated: boolean): AskedTest {
  return (asked) => {
    const values = read(asked);
    return values !== undefined && values.some(test) !== isNegated;
  };
}

function bothTest(operator: ComparisonName, readLeft: ValuesReader, readRight: ValuesReader): AskedTest {
  const isNegated = operator === "ne";
  const holds = (left: Scalar, right: Scalar): boolean =>
    operator === "eq" || operator === "ne"
      ? scalarsEqual(left, right)
      : scalarsOrdered(operator, left, right);
  return (asked) => {
    const left = readLeft(asked);
    const right = left === undefined ? undefined : readRight(asked);
    if (left === undefined || right === undefined) return false;
    return left.some((each) => right.some((other) => holds(each, other))) !== isNegated;
  };
}

function someTest(level: NestedLevel, test: AskedTest): AskedTest {
  if (level === "event") {
    return (asked) => eventsOf(asked).some((event) => test({ ...asked, bound: { ...asked.bound, event } }));
  }
  return (asked) => linksOf(asked).some((link) => test({ ...asked, bound: { ...asked.bound, link } }));
}
