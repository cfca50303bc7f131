import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { atOnce } from "../../../src/base/time-slice.ts";
import { distinctRows } from "../../../src/batch/distinct-rows.ts";
import { rowSummary } from "../../../src/batch/row-summary.ts";
import { candidateQuery } from "../../../src/filter/conditions/candidate-query.ts";
import type { SpanCondition, TraceCondition } from "../../../src/filter/conditions/condition.ts";
import { ALWAYS, NEVER } from "../../../src/filter/conditions/condition.ts";
import { conditionsOf } from "../../../src/filter/conditions/conditions-of.ts";
import { matchesSpan, matchesSummary } from "../../../src/filter/evaluate.ts";
import { compilePipeline } from "../../../src/filter/evaluator/pipeline.ts";
import { rowTraceView } from "../../../src/filter/evaluator/row-trace-view.ts";
import { spanTraceView } from "../../../src/filter/evaluator/span-trace-view.ts";
import { TraceFacts } from "../../../src/filter/evaluator/trace-facts.ts";
import type { TraceView } from "../../../src/filter/evaluator/trace-view.ts";
import type { FieldExpression, Pipeline } from "../../../src/filter/query-model.ts";
import type { TraceQuery } from "../../../src/filter/trace-query.ts";
import { meets } from "../../helpers/condition-check.ts";
import { anyPipeline, filterTraces, searchablePipeline } from "../../helpers/filter-arbitrary.ts";
import {
  aggregate,
  attribute,
  binary,
  by,
  combination,
  filter,
  intrinsic,
  kind,
  millis,
  NIL,
  named,
  nanos,
  pipeline,
  relation,
  scalarFilter,
  status,
  unary,
} from "../../helpers/filter-builder.ts";
import { runOver } from "../../helpers/filter-run.ts";
import { batchOf } from "../../helpers/otlp-fixture.ts";
import { allRows } from "../../helpers/rows.ts";

const A = attribute("any", "a");
const SERVICE = attribute("resource", "service.name");
const DURATION = intrinsic("span:duration");

function ofFilter(condition: FieldExpression): TraceCondition {
  return conditionsOf(pipeline(filter(condition)));
}

function some(...conditions: readonly SpanCondition[]): TraceCondition {
  const [only] = conditions;
  const isOne = conditions.length === 1 && only !== undefined;
  return { node: "someSpan", condition: isOne ? only : { node: "all", conditions } };
}

const name = (equals: string): SpanCondition => ({ node: "name", equals });

describe("the conditions of a filter", () => {
  const cases: readonly (readonly [FieldExpression, SpanCondition])[] = [
    [binary(SERVICE, "=", "shop"), { node: "service", equals: "shop" }],
    [binary("shop", "=", SERVICE), { node: "service", equals: "shop" }],
    [binary(intrinsic("span:name"), "=", "buy"), { node: "name", equals: "buy" }],
    [binary(intrinsic("span:status"), "=", status("error")), { node: "status", equals: "error" }],
    [binary(intrinsic("span:kind"), "=", kind("server")), { node: "kind", equals: "server" }],
    [binary(intrinsic("trace:rootName"), "=", "r"), { node: "rootName", equals: "r" }],
    [binary(intrinsic("trace:rootService"), "=", "r"), { node: "rootService", equals: "r" }],
    [binary(intrinsic("trace:id"), "=", "1"), { node: "traceId", equals: "1" }],
    [
      binary(A, "=", "x"),
      { node: "attribute", scope: "any", key: "a", equals: { type: "string", value: "x" } },
    ],
    [A, { node: "attribute", scope: "any", key: "a", equals: { type: "boolean", value: true } }],
    [binary(A, "!=", NIL), { node: "attributeExists", scope: "any", key: "a" }],
    [
      binary(A, ">", 1n),
      { node: "attributeOrder", scope: "any", key: "a", operator: ">", than: { type: "int", value: 1n } },
    ],
    [binary(A, "!=", "x"), { node: "attributeExists", scope: "any", key: "a" }],
    [binary(A, "=~", "x.*"), { node: "attributeExists", scope: "any", key: "a" }],
    [binary(DURATION, ">", millis(1)), { node: "duration", minNanos: 1_000_001n }],
    [binary(DURATION, ">=", millis(1)), { node: "duration", minNanos: 1_000_000n }],
    [binary(millis(1), ">", DURATION), { node: "duration", maxNanos: 999_999n }],
    [binary(millis(1), ">=", DURATION), { node: "duration", maxNanos: 1_000_000n }],
    [binary(millis(1), "<", DURATION), { node: "duration", minNanos: 1_000_001n }],
    [binary(millis(1), "<=", DURATION), { node: "duration", minNanos: 1_000_000n }],
    [binary(DURATION, "<=", 1.5), { node: "duration", maxNanos: 1n }],
    [binary(DURATION, "<", 1.5), { node: "duration", maxNanos: 1n }],
    [binary(DURATION, ">", 1.5), { node: "duration", minNanos: 2n }],
    [binary(DURATION, "=", nanos(7n)), { node: "duration", minNanos: 7n, maxNanos: 7n }],
    [binary(intrinsic("trace:duration"), ">=", millis(1)), { node: "traceDuration", minNanos: 1_000_000n }],
    [
      binary(SERVICE, "=~", "shop|cart"),
      {
        node: "any",
        conditions: [
          { node: "service", equals: "shop" },
          { node: "service", equals: "cart" },
        ],
      },
    ],
    [
      binary(binary(SERVICE, "=", "shop"), "&&", binary(DURATION, ">=", 5n)),
      {
        node: "all",
        conditions: [
          { node: "service", equals: "shop" },
          { node: "duration", minNanos: 5n },
        ],
      },
    ],
  ];

  it.each(cases)("must hold together on one span: %#", (expression, condition) => {
    expect(ofFilter(expression)).toEqual(some(condition));
  });

  it("say nothing where nothing can be said", () => {
    const isA = binary(A, "=", "x");
    for (const expression of [
      binary(A, "=", NIL),
      unary("!", isA),
      binary(binary(A, "+", 1n), "=", 2n),
      binary(A, "=", attribute("span", "b")),
      binary(isA, "||", unary("!", isA)),
      binary(SERVICE, "!=", "x"),
      binary(DURATION, "!=", 1n),
    ]) {
      expect(ofFilter(expression)).toEqual(ALWAYS);
    }
    expect(conditionsOf(pipeline(filter()))).toEqual(ALWAYS);
  });

  it("say that nothing matches where that is so", () => {
    expect(ofFilter(binary(intrinsic("span:status"), "=", "error"))).toEqual(NEVER);
    expect(ofFilter(binary(binary(A, "=", "x"), "&&", binary(A, "=", status("ok"))))).toEqual(NEVER);
  });
});

describe("the conditions of a pipeline", () => {
  it("are those of both sides for &&, of either for ||", () => {
    const both: TraceCondition = { node: "all", conditions: [some(name("a")), some(name("b"))] };
    expect(conditionsOf(pipeline(combination(named("a"), "&&", named("b"))))).toEqual(both);
    const either: TraceCondition = { node: "any", conditions: [some(name("a")), some(name("b"))] };
    expect(conditionsOf(pipeline(combination(named("a"), "||", named("b"))))).toEqual(either);
    expect(conditionsOf(pipeline(combination(named("a"), "||", filter())))).toEqual(ALWAYS);
    expect(conditionsOf(pipeline(combination(named("a"), "&&", filter())))).toEqual(some(name("a")));
  });

  it("are those of both sides of a relation, of the right alone when it is negated", () => {
    const both: TraceCondition = { node: "all", conditions: [some(name("a")), some(name("b"))] };
    expect(conditionsOf(pipeline(relation(named("a"), ">>", named("b"))))).toEqual(both);
    expect(conditionsOf(pipeline(relation(named("a"), "&~", named("b"))))).toEqual(both);
    expect(conditionsOf(pipeline(relation(named("a"), "!>", named("b"))))).toEqual(some(name("b")));
  });

  it("hold on one span when one filter follows another, whatever is between them", () => {
    const count = scalarFilter(aggregate("count"), ">", 1n);
    const query = pipeline(named("a"), by(A), count, filter(binary(SERVICE, "=", "shop")));
    expect(conditionsOf(query)).toEqual(some(name("a"), { node: "service", equals: "shop" }));
  });
});

/** How the trace looks to whoever narrows, and whether it matches at all. */
function doesMatch(query: Pipeline, view: TraceView): boolean {
  try {
    return runOver(compilePipeline(query), view) !== undefined;
  } catch {
    return false;
  }
}

const anyQuery = fc.oneof(anyPipeline, { weight: 2, arbitrary: searchablePipeline });

describe("a trace that matches", () => {
  it("meets the conditions of the query", () => {
    fc.assert(
      fc.property(filterTraces, anyQuery, (spans, query) => {
        const view = spanTraceView(spans);
        if (!doesMatch(query, view)) return;
        const trace = new TraceFacts(view);
        atOnce(trace.prepare(["whole"]));
        expect(meets(conditionsOf(query), trace)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it("is found by the search for candidates", () => {
    fc.assert(
      fc.property(filterTraces, anyQuery, (spans, query) => {
        const rows = distinctRows(allRows(batchOf(spans)));
        if (!doesMatch(query, rowTraceView(rows))) return;
        const search = candidateQuery(conditionsOf(query));
        expect(rows.some((row) => matchesSpan(search, row))).toBe(true);
        expect(matchesSummary(search, atOnce(rowSummary(rows)))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("the search for candidates", () => {
  const cases: readonly (readonly [string, Pipeline, TraceQuery])[] = [
    ["nothing", pipeline(filter()), {}],
    [
      "what has to hold on one span",
      pipeline(
        filter(
          binary(
            binary(binary(SERVICE, "=", "shop"), "&&", binary(intrinsic("span:name"), "=", "buy")),
            "&&",
            binary(binary(A, "=", 2n ** 60n), "&&", binary(intrinsic("span:status"), "=", status("error"))),
          ),
        ),
      ),
      {
        serviceName: "shop",
        operationName: "buy",
        hasErrors: true,
        attributes: [{ key: "a", value: "1152921504606846976" }],
      },
    ],
    [
      "the side that says most",
      pipeline(
        relation(named("a"), ">>", filter(binary(binary(SERVICE, "=", "pay"), "&&", binary(A, "=", "x")))),
      ),
      { serviceName: "pay", attributes: [{ key: "a", value: "x" }] },
    ],
    [
      "what holds of the trace, and that it is no shorter than its spans",
      pipeline(
        filter(
          binary(
            binary(intrinsic("trace:rootName"), "=", "r"),
            "&&",
            binary(binary(DURATION, ">=", 7n), "&&", binary(intrinsic("trace:duration"), "<=", 9n)),
          ),
        ),
      ),
      { rootOperationName: "r", minDurationNanos: 7n, maxDurationNanos: 9n },
    ],
    ["no resource attribute alone", pipeline(filter(binary(attribute("resource", "a"), "=", "x"))), {}],
    ["no choice", pipeline(filter(binary(SERVICE, "=~", "a|b"))), {}],
    [
      "no service that nobody sent",
      pipeline(filter(binary(attribute("any", "service.name"), "=", "unknown_service"))),
      {},
    ],
    [
      "a great whole float by all its digits",
      pipeline(filter(binary(A, "=", 2 ** 60))),
      { attributes: [{ key: "a", value: "1152921504606846976" }] },
    ],
  ];

  it.each(cases)("asks for %s", (_what, query, expected) => {
    expect(candidateQuery(conditionsOf(query))).toEqual(expected);
  });
});
