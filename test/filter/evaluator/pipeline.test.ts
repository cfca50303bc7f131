import { describe, expect, it } from "vitest";
import { atOnce } from "../../../src/base/time-slice.ts";
import { compilePipeline } from "../../../src/filter/evaluator/pipeline.ts";
import { shownFields } from "../../../src/filter/evaluator/pipeline-fields.ts";
import { compareSortValues } from "../../../src/filter/evaluator/sort-key.ts";
import { spanTraceView } from "../../../src/filter/evaluator/span-trace-view.ts";
import type { Value } from "../../../src/filter/evaluator/values.ts";
import { duration } from "../../../src/filter/evaluator/values.ts";
import type { PipelineStage } from "../../../src/filter/query-model.ts";
import {
  aggregate,
  attribute,
  binary,
  by,
  COALESCE,
  combination,
  filter,
  intrinsic,
  millis,
  NIL,
  named,
  orderBy,
  pipeline,
  relation,
  scalar,
  scalarFilter,
  select,
  status,
} from "../../helpers/filter-builder.ts";
import { matchedNames, run } from "../../helpers/filter-run.ts";
import { buildSpan, buildTrace } from "../../helpers/trace-builder.ts";

const DURATION = intrinsic("span:duration");
const SIZE = attribute("span", "size");
const SERVICE = attribute("resource", "service.name");

const SHOP = buildTrace(
  "shop",
  { id: "root", service: "shop", at: [0, 100], attributes: { size: 4n } },
  { id: "cart", parent: "root", service: "cart", at: [10, 40], attributes: { size: 1n, color: "red" } },
  { id: "pay", parent: "root", service: "pay", at: [50, 90], attributes: { size: 2.5 }, status: "ERROR" },
  { id: "redis", parent: "cart", service: "cart", at: [20, 30], attributes: { size: "big" } },
).spans;

function names(...stages: readonly PipelineStage[]): string[][] {
  return matchedNames(stages, SHOP);
}

/** The values of the first spanset's attributes. */
function told(...stages: readonly PipelineStage[]): readonly Value[] | undefined {
  return run(pipeline(...stages), SHOP)?.spansets[0]?.attributes.map(({ value }) => value);
}

describe("spansets", () => {
  it("both have to be there for &&, and what they have is put together once", () => {
    const slow = filter(binary(DURATION, ">=", millis(40)));
    expect(names(combination(named("root"), "&&", slow))).toEqual([["pay", "root"]]);
    expect(names(combination(named("root"), "&&", named("nobody")))).toEqual([]);
    expect(names(combination(named("nobody"), "&&", named("root")))).toEqual([]);
  });

  it("are put together for || whatever there is of them", () => {
    const slow = filter(binary(DURATION, ">=", millis(40)));
    expect(names(combination(named("root"), "||", slow))).toEqual([["pay", "root"]]);
    expect(names(combination(named("nobody"), "||", named("cart")))).toEqual([["cart"]]);
    expect(names(combination(named("nobody"), "||", named("no one")))).toEqual([]);
  });

  it("are looked through again by a second filter", () => {
    expect(
      names(filter(binary(DURATION, ">=", millis(30))), filter(binary(DURATION, "<", millis(100)))),
    ).toEqual([["cart", "pay"]]);
    expect(names(named("root"), relation(filter(), ">", filter()))).toEqual([]);
  });

  it("may come out of a pipeline in parentheses", () => {
    const many = pipeline(filter(), scalarFilter(aggregate("count"), ">", 3n));
    expect(names(combination(many, "&&", named("pay")))[0]).toHaveLength(4);
    expect(names(relation(many, ">", named("redis")))).toEqual([["redis"]]);
  });
});

describe("by", () => {
  it("gives a spanset for every value, with the value", () => {
    const match = run(pipeline(filter(), by(SERVICE)), SHOP);
    expect(match?.spansets.map(({ attributes }) => attributes[0]?.value)).toEqual(["shop", "cart", "pay"]);
    expect(names(filter(), by(SERVICE))).toEqual([["root"], ["cart", "redis"], ["pay"]]);
  });

  it("takes what has no value as a group too, and parts groups again", () => {
    expect(names(filter(), by(attribute("span", "color")))).toEqual([["pay", "redis", "root"], ["cart"]]);
    expect(told(filter(), by(attribute("span", "color")))).toEqual([undefined]);
    expect(names(filter(), by(SERVICE), by(DURATION))).toEqual([["root"], ["cart"], ["redis"], ["pay"]]);
  });

  it("takes an expression, and keeps values of different types apart", () => {
    expect(names(filter(), by(binary(DURATION, ">", millis(35))))).toEqual([
      ["pay", "root"],
      ["cart", "redis"],
    ]);
    const ones = [1n, 1, "1"].map((a, index) =>
      buildSpan("t", { id: `s${index}`, at: [index, 9], attributes: { a } }),
    );
    expect(matchedNames([filter(), by(attribute("span", "a"))], ones)).toHaveLength(3);
  });

  it("leaves spansets that aggregates and filters take one by one", () => {
    expect(names(filter(), by(SERVICE), scalarFilter(aggregate("count"), ">", 1n))).toEqual([
      ["cart", "redis"],
    ]);
    expect(names(filter(), by(SERVICE), filter(binary(DURATION, "<", millis(35))))).toEqual([
      ["cart", "redis"],
    ]);
    const both = combination(filter(), "&&", named("redis"));
    expect(names(filter(), by(SERVICE), both)).toEqual([["cart", "redis"]]);
  });

  it("leaves spansets that have no structure between them, which coalesce() gives back", () => {
    const pair = relation(named("root"), ">>", named("redis"));
    const parted = pipeline(filter(), by(SERVICE));
    for (const stages of [
      [filter(), by(SERVICE), pair],
      [relation(parted, ">", filter())],
      [relation(filter(), "<<", parted)],
      [filter(), by(SERVICE), combination(pair, "||", pair)],
    ]) {
      const compile = (): unknown => compilePipeline(pipeline(...stages));
      expect(compile).toThrow(/consider using coalesce\(\)/);
      expect(compile).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    }
    expect(names(filter(), by(SERVICE), COALESCE, pair)).toEqual([["redis"]]);
    expect(names(filter(), by(SERVICE), COALESCE)[0]).toHaveLength(4);
    expect(told(filter(), by(SERVICE), COALESCE)).toEqual([]);
  });
});

describe("an aggregate", () => {
  it("counts spans, and takes the least, greatest, mean and sum of a value", () => {
    const yes = scalarFilter(1n, "=", 1n);
    expect(names(filter(), yes)[0]).toHaveLength(4);
    expect(told(filter(), scalarFilter(aggregate("count"), "=", 4n))).toEqual([4n]);
    expect(told(filter(), scalarFilter(aggregate("min", DURATION), "=", millis(10)))).toEqual([millis(10)]);
    expect(told(filter(), scalarFilter(aggregate("max", DURATION), "=", millis(100)))).toEqual([millis(100)]);
    expect(told(filter(), scalarFilter(aggregate("sum", DURATION), "=", millis(180)))).toEqual([millis(180)]);
    expect(told(filter(), scalarFilter(aggregate("avg", DURATION), "=", millis(45)))).toEqual([millis(45)]);
    expect(names(filter(), scalarFilter(aggregate("count"), "<", 4n))).toEqual([]);
  });

  it("passes over what is nil or no number", () => {
    expect(told(filter(), scalarFilter(aggregate("sum", SIZE), "=", 7.5))).toEqual([7.5]);
    expect(told(filter(), scalarFilter(aggregate("avg", SIZE), "=", 2.5))).toEqual([2.5]);
    expect(told(filter(), scalarFilter(aggregate("min", SIZE), "=", 1n))).toEqual([1n]);
    const small = filter(binary(SIZE, "!=", 2.5));
    expect(told(small, scalarFilter(aggregate("sum", SIZE), "=", 5n))).toEqual([5n]);
    expect(told(small, scalarFilter(aggregate("avg", SIZE), "=", 2.5))).toEqual([2.5]);
  });

  it("passes over NaN for the least and the greatest", () => {
    const spans = [Number.NaN, 2, 1, Number.NaN].map((size, index) =>
      buildSpan("t", { id: `s${index}`, at: [index, 9], attributes: { size } }),
    );
    const least = scalarFilter(aggregate("min", SIZE), "=", 1);
    expect(matchedNames([filter(), least], spans)).toHaveLength(1);
    expect(matchedNames([filter(), scalarFilter(aggregate("max", SIZE), "=", 2)], spans)).toHaveLength(1);
    expect(matchedNames([filter(), scalarFilter(aggregate("sum", SIZE), ">", 0)], spans)).toEqual([]);
  });

  it("is told beside what the spans were grouped by", () => {
    expect(told(filter(), by(SERVICE), scalarFilter(aggregate("count"), ">", 1n))).toEqual(["cart", 2n]);
  });

  it("drops a spanset without any value, whatever the comparison", () => {
    const nothing = aggregate("sum", attribute("span", "none"));
    for (const operator of ["=", "!=", "<", ">="] as const) {
      expect(names(filter(), scalarFilter(nothing, operator, 0n))).toEqual([]);
    }
    expect(names(filter(), by(SERVICE), scalarFilter(aggregate("max", SIZE), ">", 0n))).toEqual([
      ["root"],
      ["cart", "redis"],
      ["pay"],
    ]);
    const colors = scalarFilter(aggregate("min", binary(SIZE, "*", 2n)), ">", 2n);
    expect(names(filter(), by(SERVICE), colors)).toEqual([["root"], ["pay"]]);
  });

  it("is compared with another, and calculated with", () => {
    const most = aggregate("max", DURATION);
    const mean = aggregate("avg", DURATION);
    expect(names(filter(), scalarFilter(most, ">", scalar(mean, "*", 2n)))[0]).toHaveLength(4);
    expect(names(filter(), scalarFilter(most, ">", scalar(mean, "*", 3n)))).toEqual([]);
    expect(told(filter(), scalarFilter(most, ">", mean))).toEqual([millis(100), millis(45)]);
    expect(
      names(filter(), scalarFilter(scalar(aggregate("sum", SIZE), "/", aggregate("count")), "<", 2))[0],
    ).toHaveLength(4);
    const none = aggregate("sum", attribute("span", "none"));
    expect(names(filter(), scalarFilter(scalar(aggregate("count"), "+", none), ">", 0n))).toEqual([]);
  });

  it("refuses to divide a whole number by the whole number zero", () => {
    const zero = scalar(aggregate("count"), "-", 4n);
    const ratio = scalarFilter(scalar(1n, "/", zero), ">", 0n);
    expect(() => names(filter(), ratio)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });

  it("counts what every event says", () => {
    const spans = [
      buildSpan("t", {
        id: "s",
        at: [0, 10],
        events: [1n, 2n].map((n) => ({
          name: "e",
          timeUnixNano: 0n,
          attributes: { n },
          droppedAttributesCount: 0,
        })),
      }),
    ];
    const sum = scalarFilter(aggregate("sum", attribute("event", "n")), "=", 3n);
    expect(matchedNames([filter(), sum], spans)).toEqual([["s"]]);
  });
});

describe("what is shown of a span", () => {
  const isError = binary(intrinsic("span:status"), "=", status("error"));

  it("is what conditions ask and what is selected, once, where the span has it", () => {
    const query = pipeline(
      filter(binary(isError, "||", binary(SIZE, "!=", NIL))),
      select(SERVICE, SIZE, attribute("span", "color")),
    );
    const { fields } = compilePipeline(query);
    expect(fields.map((field) => (field.node === "attribute" ? field.key : field.name))).toEqual([
      "span:status",
      "size",
      "service.name",
      "color",
    ]);
    const match = run(query, SHOP);
    const show = shownFields(fields);
    const values = match?.spansets[0]?.spans.map((span) => show(match.trace, span).map(({ value }) => value));
    expect(values?.[0]).toEqual([status("unset"), 4n, "shop"]);
    expect(values?.[1]).toEqual([status("unset"), 1n, "cart", "red"]);
  });

  it("may be numbers of the tree, worked out for select alone", () => {
    const query = pipeline(
      named("cart"),
      select(intrinsic("span:nestedSetLeft"), intrinsic("span:nestedSetParent")),
    );
    const { fields } = compilePipeline(query);
    const match = run(query, SHOP);
    if (match === undefined) throw new Error("expected a match");
    expect(shownFields(fields)(match.trace, 1).map(({ value }) => value)).toEqual(["cart", 2n, 1n]);
  });

  it("never changes which spans match", () => {
    expect(names(named("cart"), select(attribute("span", "none")))).toEqual([["cart"]]);
  });
});

describe("the order of traces", () => {
  const keyOf = (...stages: readonly PipelineStage[]): Value =>
    run(pipeline(...stages), SHOP)?.sortKey?.value;

  it("goes by the value of a span that comes first in the direction asked for", () => {
    expect(keyOf(filter(), orderBy(DURATION, "desc"))).toEqual(millis(100));
    expect(keyOf(filter(), orderBy(DURATION, "asc"))).toEqual(millis(10));
    expect(keyOf(named("cart"), orderBy(DURATION, "desc"))).toEqual(millis(30));
    expect(keyOf(filter(), orderBy(intrinsic("span:name"), "asc"))).toBe("cart");
    expect(keyOf(filter(), orderBy(intrinsic("trace:duration"), "desc"))).toEqual(millis(100));
  });

  it("goes by an aggregate, of the spanset that comes first", () => {
    expect(keyOf(filter(), orderBy(aggregate("count"), "desc"))).toBe(4n);
    expect(keyOf(filter(), by(SERVICE), orderBy(aggregate("count"), "desc"))).toBe(2n);
    expect(keyOf(filter(), by(SERVICE), orderBy(aggregate("count"), "asc"))).toBe(1n);
  });

  it("is not asked for by most queries", () => {
    expect(run(pipeline(filter()), SHOP)?.sortKey).toBeUndefined();
    expect(keyOf(filter(), orderBy(attribute("span", "none"), "asc"))).toBeUndefined();
  });

  it("puts numbers before texts and what has no value last, up and down", () => {
    const values: readonly Value[] = [undefined, "b", 2n, Number.NaN, "a", 1.5, false, duration(1_000_000n)];
    const sorted = (direction: "asc" | "desc") =>
      [...values].sort((left, right) => compareSortValues(left, right, direction));
    expect(sorted("asc")).toEqual([1.5, 2n, millis(1), "a", "b", false, Number.NaN, undefined]);
    expect(sorted("desc")).toEqual([millis(1), 2n, 1.5, "b", "a", false, Number.NaN, undefined]);
  });
});

describe("a long trace", () => {
  it("is worked through in steps", () => {
    const [span] = SHOP;
    const spans = Array.from({ length: 5_000 }, (_, index) => ({
      ...(span as (typeof SHOP)[number]),
      spanId: (index + 1).toString(16).padStart(16, "0"),
    }));
    const steps = compilePipeline(
      pipeline(filter(binary(SIZE, "=", 4n)), scalarFilter(aggregate("avg", DURATION), ">", 0n)),
    ).run(spanTraceView(spans));
    let yields = 0;
    for (let step = steps.next(); step.done !== true; step = steps.next()) yields++;
    expect(yields).toBeGreaterThan(30);
  });

  it("with a group for every span is parted and put together again", () => {
    const [span] = SHOP;
    const spans = Array.from({ length: 150_000 }, (_, index) => ({
      ...(span as (typeof SHOP)[number]),
      spanId: (index + 1).toString(16).padStart(16, "0"),
    }));
    const query = pipeline(filter(), by(intrinsic("span:id")), filter(), COALESCE);
    const match = atOnce(compilePipeline(query).run(spanTraceView(spans)));
    expect(match?.spansets[0]?.spans).toHaveLength(150_000);
  });
});

it("rests more often the more each span costs, and between many small spansets", () => {
  const spans = Array.from({ length: 1_000 }, (_, at) => buildSpan("t", { id: `${at}`, at: [at, at + 1] }));
  const yieldsOf = (...stages: readonly PipelineStage[]): number => {
    const steps = compilePipeline(pipeline(...stages)).run(spanTraceView(spans));
    let yields = 0;
    for (let step = steps.next(); step.done !== true; step = steps.next()) yields++;
    return yields;
  };
  const one = binary(attribute("event", "k"), "=", "x");
  const many = Array(20)
    .fill(one)
    .reduce((left, right) => binary(left, "||", right));
  expect(yieldsOf(filter(many))).toBeGreaterThan(yieldsOf(filter(one)) * 10);
  const grouped = yieldsOf(by(intrinsic("span:id")), by(intrinsic("span:name")), by(intrinsic("span:kind")));
  expect(grouped).toBeGreaterThanOrEqual(2 * 3);
});
