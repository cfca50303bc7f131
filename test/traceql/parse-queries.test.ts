import { describe, expect, it } from "vitest";
import { read, stagesOf } from "./query-text.ts";

const attribute = (key: string, scope = "any") => ({ node: "attribute", scope, key });
const duration = { node: "intrinsic", name: "span:duration" };
const all = { node: "filter" };
const with_ = (key: string) => ({ node: "filter", condition: attribute(key) });
const int = (value: bigint) => ({ node: "literal", value: { type: "int", value } });
const count = { node: "aggregate", function: "count" };
const relation = (form: string, name: string, left: object, right: object) => ({
  node: "relation",
  relation: name,
  form,
  left,
  right,
});
const both = (operator: string, left: object, right: object) => ({
  node: "combination",
  operator,
  left,
  right,
});
const moreThan = (left: object, value: bigint) => ({
  node: "scalarFilter",
  operator: ">",
  left,
  right: int(value),
});

describe("an operator between spansets", () => {
  it.each(["&&", "||"])("is %s", (operator) => {
    expect(stagesOf(`{.a} ${operator} {.b}`)).toEqual([both(operator, with_("a"), with_("b"))]);
  });

  it.each([
    [">", "plain", "child"],
    ["<", "plain", "parent"],
    [">>", "plain", "descendant"],
    ["<<", "plain", "ancestor"],
    ["~", "plain", "sibling"],
    ["!>", "not", "child"],
    ["!<", "not", "parent"],
    ["!>>", "not", "descendant"],
    ["!<<", "not", "ancestor"],
    ["!~", "not", "sibling"],
    ["&>", "union", "child"],
    ["&<", "union", "parent"],
    ["&>>", "union", "descendant"],
    ["&<<", "union", "ancestor"],
    ["&~", "union", "sibling"],
  ])("is %s, the %s form of %s", (operator, form, name) => {
    expect(stagesOf(`{.a} ${operator} {.b}`)).toEqual([relation(form, name, with_("a"), with_("b"))]);
    expect(stagesOf(`{.a}${operator}{.b}`)).toEqual([relation(form, name, with_("a"), with_("b"))]);
  });

  it("binds more than && and || when it is structural, and groups from the left", () => {
    expect(stagesOf("{} && {} > {} >> {} || {}")).toEqual([
      both(
        "||",
        both("&&", all, relation("plain", "descendant", relation("plain", "child", all, all), all)),
        all,
      ),
    ]);
  });

  it("groups from the left on the one level of && and ||", () => {
    expect(stagesOf("{.a} || {.b} && {.c}")).toEqual([
      both("&&", both("||", with_("a"), with_("b")), with_("c")),
    ]);
    expect(stagesOf("{.a} || ({.b} && {.c})")).toEqual([
      both("||", with_("a"), both("&&", with_("b"), with_("c"))),
    ]);
  });

  it("goes between pipelines in parentheses", () => {
    const pipeline = { node: "pipeline", stages: [all, moreThan(count, 2n)] };
    expect(stagesOf("({} | count() > 2) && ({} | count() > 2)")).toEqual([both("&&", pipeline, pipeline)]);
    expect(stagesOf("({} | count() > 2) >> {}")).toEqual([relation("plain", "descendant", pipeline, all)]);
    expect(stagesOf("(count() > 2) || {}")).toEqual([
      both("||", { node: "pipeline", stages: [moreThan(count, 2n)] }, all),
    ]);
  });

  it("is read in the query that Grafana's Structure tab sends", () => {
    const text =
      "({nestedSetParent<0} &>> {kind=server}) || ({nestedSetParent<0}) | select(status,resource.service.name,name,nestedSetParent,nestedSetLeft,nestedSetRight)";
    const nestedSet = (side: string) => ({ node: "intrinsic", name: `span:nestedSet${side}` });
    const root = {
      node: "filter",
      condition: { node: "binary", operator: "<", left: nestedSet("Parent"), right: int(0n) },
    };
    const server = {
      node: "filter",
      condition: {
        node: "binary",
        operator: "=",
        left: { node: "intrinsic", name: "span:kind" },
        right: { node: "literal", value: { type: "kind", value: "server" } },
      },
    };
    expect(stagesOf(text)).toEqual([
      both("||", relation("union", "descendant", root, server), root),
      {
        node: "select",
        fields: [
          { node: "intrinsic", name: "span:status" },
          attribute("service.name", "resource"),
          { node: "intrinsic", name: "span:name" },
          nestedSet("Parent"),
          nestedSet("Left"),
          nestedSet("Right"),
        ],
      },
    ]);
  });
});

describe("a pipeline", () => {
  it("is its stages in order", () => {
    expect(stagesOf("{.a} | {.b} > {.c} | count() > 2 | by(.a) | coalesce() | select(.a, duration)")).toEqual(
      [
        with_("a"),
        relation("plain", "child", with_("b"), with_("c")),
        moreThan(count, 2n),
        { node: "by", field: attribute("a") },
        { node: "coalesce" },
        { node: "select", fields: [attribute("a"), duration] },
      ],
    );
  });

  it("is the same in parentheses", () => {
    expect(read("(({.a} | by(.a)) | coalesce())")).toEqual(read("{.a} | by(.a) | coalesce()"));
    expect(read("({.a})")).toEqual(read("{.a}"));
  });

  it("groups by an expression", () => {
    expect(stagesOf("{} | by(duration > 1s)")[1]).toMatchObject({ node: "by", field: { operator: ">" } });
  });

  it("is sorted by a field or an aggregate, downwards unless it says otherwise", () => {
    expect(stagesOf("{} | orderBy(duration)")[1]).toEqual({
      node: "orderBy",
      key: duration,
      direction: "desc",
    });
    expect(stagesOf("{} | orderBy(.a, asc)")[1]).toEqual({
      node: "orderBy",
      key: attribute("a"),
      direction: "asc",
    });
    expect(stagesOf("{} | orderBy(count(), desc)")[1]).toEqual({
      node: "orderBy",
      key: count,
      direction: "desc",
    });
  });
});

describe("a scalar filter", () => {
  it.each(["=", "!=", "<", "<=", ">", ">="])("compares with %s", (operator) => {
    expect(stagesOf(`{} | count() ${operator} 2`)[1]).toEqual({
      node: "scalarFilter",
      operator,
      left: count,
      right: int(2n),
    });
  });

  it.each(["min", "max", "avg", "sum"])("takes %s of an expression", (name) => {
    expect(stagesOf(`{} | ${name}(duration) > 2`)[1]).toEqual(
      moreThan({ node: "aggregate", function: name, field: duration }, 2n),
    );
    expect(stagesOf(`{} | ${name}(.a + 1) > 2`)[1]).toMatchObject({ left: { field: { operator: "+" } } });
  });

  it("compares aggregates with each other, and arithmetic over them", () => {
    const aggregate = (name: string) => ({ node: "aggregate", function: name, field: duration });
    expect(stagesOf("{} | max(duration) > avg(duration) * 3 + 1")[1]).toEqual({
      node: "scalarFilter",
      operator: ">",
      left: aggregate("max"),
      right: {
        node: "scalarBinary",
        operator: "+",
        left: { node: "scalarBinary", operator: "*", left: aggregate("avg"), right: int(3n) },
        right: int(1n),
      },
    });
    expect(stagesOf("{} | (count() + 1) ^ 2 ^ 3 > -2")[1]).toEqual({
      node: "scalarFilter",
      operator: ">",
      left: {
        node: "scalarBinary",
        operator: "^",
        left: { node: "scalarBinary", operator: "+", left: count, right: int(1n) },
        right: { node: "scalarBinary", operator: "^", left: int(2n), right: int(3n) },
      },
      right: int(-2n),
    });
  });
});

describe("a function over time", () => {
  const metricsOf = (text: string) => {
    const { expression } = read(text);
    return expression.node === "metrics" ? expression.metrics : expression;
  };

  it.each(["rate", "count_over_time"])("is %s, which takes nothing", (name) => {
    expect(metricsOf(`{.a} | ${name}()`)).toEqual({ node: "metricsAggregate", function: name, by: [] });
  });

  it.each(["min_over_time", "max_over_time", "avg_over_time", "sum_over_time", "histogram_over_time"])(
    "is %s, which takes a field",
    (name) => {
      expect(metricsOf(`{} | ${name}(duration)`)).toEqual({
        node: "metricsAggregate",
        function: name,
        field: duration,
        by: [],
      });
    },
  );

  it("is quantile_over_time, which takes a field and quantiles", () => {
    expect(metricsOf("{} | quantile_over_time(duration, .5, 0.95, 1)")).toEqual({
      node: "metricsAggregate",
      function: "quantile_over_time",
      field: duration,
      quantiles: [0.5, 0.95, 1],
      by: [],
    });
  });

  it("groups by fields", () => {
    expect(metricsOf("{} | rate() by (resource.service.name, name)")).toEqual({
      node: "metricsAggregate",
      function: "rate",
      by: [attribute("service.name", "resource"), { node: "intrinsic", name: "span:name" }],
    });
  });

  it("is compare, with how many values and which time when that is said", () => {
    const selection = with_("a");
    expect(metricsOf("{} | compare({.a})")).toEqual({ node: "compare", selection, topN: 10 });
    expect(metricsOf("{} | compare({.a}, 5)")).toEqual({ node: "compare", selection, topN: 5 });
    expect(metricsOf("{} | compare({.a}, 5, 1700000000000000000, 1700000001000000000)")).toEqual({
      node: "compare",
      selection,
      topN: 5,
      range: { startUnixNano: 1_700_000_000_000_000_000n, endUnixNano: 1_700_000_001_000_000_000n },
    });
  });

  it("works on what the whole pipeline before it gives", () => {
    expect(read("{.a} >> {.b} | {.c} | rate()").expression).toMatchObject({
      node: "metrics",
      spans: {
        node: "pipeline",
        stages: [relation("plain", "descendant", with_("a"), with_("b")), with_("c")],
      },
    });
  });

  it("is followed by stages over series, in any order", () => {
    const series = (text: string) => {
      const { expression } = read(text);
      return expression.node === "metrics" ? expression.series : expression;
    };
    const top = (node: string, count: number) => ({ node, count });
    const threshold = (operator: string, value: number) => ({ node: "threshold", operator, value });
    expect(series("{} | rate() | topk(3)")).toEqual([top("topk", 3)]);
    expect(series("{} | rate() | bottomk(3) | topk(1)")).toEqual([top("bottomk", 3), top("topk", 1)]);
    for (const operator of ["=", "!=", "<", "<=", ">", ">="]) {
      expect(series(`{} | rate() ${operator} 5`)).toEqual([threshold(operator, 5)]);
    }
    expect(series("{} | rate() by (.a) > 0.5 | topk(3) <= -2")).toEqual([
      threshold(">", 0.5),
      top("topk", 3),
      threshold("<=", -2),
    ]);
    expect(series("{} | rate() | > 5")).toEqual([threshold(">", 5)]);
    expect(series("({} | rate()) > 5 | topk(2)")).toEqual([threshold(">", 5), top("topk", 2)]);
    expect(series("{} | max_over_time(duration) > 250ms")).toEqual([threshold(">", 0.25)]);
  });
});

describe("arithmetic over series", () => {
  const rate = {
    node: "metrics",
    spans: { node: "pipeline", stages: [all] },
    metrics: { node: "metricsAggregate", function: "rate", by: [] },
    series: [],
  };
  const math = (operator: string, left: object, right: object) => ({
    node: "metricsMath",
    operator,
    left,
    right,
  });
  const number = (value: number) => ({ node: "number", value });

  it.each(["+", "-", "*", "/"])("is %s between series and numbers", (operator) => {
    expect(read(`({} | rate()) ${operator} ({} | rate())`).expression).toEqual(math(operator, rate, rate));
    expect(read(`2 ${operator} ({} | rate())`).expression).toEqual(math(operator, number(2), rate));
    expect(read(`({} | rate()) ${operator} 2.5`).expression).toEqual(math(operator, rate, number(2.5)));
  });

  it("groups as numbers do", () => {
    expect(read("({}|rate()) - ({}|rate()) * 2 + 1").expression).toEqual(
      math("+", math("-", rate, math("*", rate, number(2))), number(1)),
    );
    expect(read("(({}|rate()) - ({}|rate())) * 2").expression).toEqual(
      math("*", math("-", rate, rate), number(2)),
    );
  });

  it.each([
    ["1 / 2", 0],
    ["7 / -2", -3],
    ["1 / 2.0", 0.5],
    ["2 + 3 * 4", 14],
    ["(2 + 3) * 4", 20],
    ["7 % 4", 3],
    ["2 ^ 3 ^ 2", 512],
    ["maxInt + 1", -(2 ** 63)],
    ["-1.5 - 1", -2.5],
  ])("works out %s while it is read: integers stay integers", (text, value) => {
    expect(read(`(${text}) * ({} | rate())`).expression).toEqual(math("*", number(value), rate));
  });
});

describe("hints", () => {
  it("stand behind everything else, each with its value", () => {
    expect(read("{} | rate() with(sample=true, exemplars=10)").hints).toEqual([
      { name: "sample", value: { type: "boolean", value: true } },
      { name: "exemplars", value: { type: "int", value: 10n } },
    ]);
    expect(read("{} with (most_recent=true)").hints).toHaveLength(1);
    expect(read("({} | rate()) / ({} | rate()) with(sample=0.1)").hints).toHaveLength(1);
    expect(read("{}").hints).toEqual([]);
  });
});
