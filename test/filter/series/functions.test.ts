/** Functions over time: every production of the grammar, with series worked out by hand. */

import { describe, expect, it } from "vitest";
import { instantGrid, rangeGrid } from "../../../src/filter/series/series-grid.ts";
import { runSeries, showSeries } from "../../helpers/series-run.ts";
import { SHOP } from "../../helpers/shop-series.ts";
import { BUILDER_START_UNIX_NANO, buildSpan } from "../../helpers/trace-builder.ts";

type Shown = Record<string, (number | null)[]>;

const GATEWAY = 'resource.service.name="gateway"';
const PAYMENT = 'resource.service.name="payment"';

describe("counting functions", () => {
  it.each<[string, Shown]>([
    ["{ } | rate()", { '__name__="rate"': [0.1, 0.2, 0.1] }],
    ["{ } | count_over_time()", { '__name__="count_over_time"': [1, 2, 1] }],
    ["{ status = error } | rate()", { '__name__="rate"': [0, 0.1, 0] }],
    ["{ } | count_over_time() by(resource.service.name)", { [GATEWAY]: [1, 1, 1], [PAYMENT]: [0, 1, 0] }],
  ])("%s counts in each interval, and 0 where there is nothing", (q, series) => {
    expect(showSeries(q, SHOP)).toEqual(series);
  });

  it("give a series of zeros for no spans at all, but none for groups that there are not", () => {
    expect(showSeries('{ name = "none" } | rate()', SHOP)).toEqual({ '__name__="rate"': [0, 0, 0] });
    expect(showSeries('{ name = "none" } | rate() by(name)', SHOP)).toEqual({});
  });

  it("divide by the whole range for an instant", () => {
    const grid = instantGrid({
      startUnixNano: BUILDER_START_UNIX_NANO,
      endUnixNano: BUILDER_START_UNIX_NANO + 20_000_000_000n,
    });
    expect(showSeries("{ } | rate()", SHOP, { grid })).toEqual({ '__name__="rate"': [0.15] });
  });
});

describe("functions of a value", () => {
  it.each<[string, Shown]>([
    ["{ } | min_over_time(span.size)", { '__name__="min_over_time"': [null, 3, 5] }],
    ["{ } | max_over_time(duration)", { '__name__="max_over_time"': [0.002, 0.004, 0.016] }],
    ["{ } | min_over_time(duration)", { '__name__="min_over_time"': [0.002, 0.001, 0.016] }],
    ["{ } | avg_over_time(duration)", { '__name__="avg_over_time"': [0.002, 0.0025, 0.016] }],
    ["{ } | sum_over_time(duration)", { '__name__="sum_over_time"': [0.002, 0.005, 0.016] }],
    ["{ } | sum_over_time(span.ratio)", { '__name__="sum_over_time"': [null, 0.5, null] }],
    ["{ } | max_over_time(trace:duration)", { '__name__="max_over_time"': [0.002, 0.004, 0.016] }],
    ["{ } | max_over_time(span:selfTime)", { '__name__="max_over_time"': [0.002, 0.003, 0.016] }],
    ["{ } | max_over_time(span:childCount)", { '__name__="max_over_time"': [0, 1, 0] }],
    [
      "{ } | avg_over_time(span.size) by(resource.service.name)",
      { [GATEWAY]: [null, null, 5], [PAYMENT]: [null, 3, null] },
    ],
  ])("%s has seconds for durations, and nothing where no span has the value", (q, series) => {
    expect(showSeries(q, SHOP)).toEqual(series);
  });

  it("take every value of a span with several events, of which each is one", () => {
    const q = (name: string) => `{ } | ${name}_over_time(event:timeSinceStart)`;
    expect(showSeries(q("max"), SHOP)).toEqual({ '__name__="max_over_time"': [null, 0.00075, null] });
    expect(showSeries(q("sum"), SHOP)).toEqual({ '__name__="sum_over_time"': [null, 0.001, null] });
  });

  it("pass over what is no number", () => {
    const odd = [buildSpan("odd", { id: "odd", at: [1, 2], attributes: { size: "3" } })];
    expect(showSeries("{ } | sum_over_time(span.size)", [odd])).toEqual({});
  });
});

describe("quantile_over_time", () => {
  it("reads buckets of powers of two, each quantile with the label p", () => {
    // 2 ms are in the bucket up to 2^21 ns, 1 ms and 4 ms in those up to 2^20 and 2^22, 16 ms in that up to 2^24.
    expect(showSeries("{ } | quantile_over_time(duration, .5, 1)", SHOP)).toEqual({
      "p=0.5": [0.002097152, 0.001048576, 0.016777216],
      "p=1.0": [0.002097152, 0.004194304, 0.016777216],
    });
  });

  it("has its label behind those of groups, and nothing in an interval without a value", () => {
    expect(showSeries("{ } | quantile_over_time(span.size, .9) by(resource.service.name)", SHOP)).toEqual({
      [`${GATEWAY} p=0.9`]: [null, null, 8],
      [`${PAYMENT} p=0.9`]: [null, 4, null],
    });
  });
});

describe("histogram_over_time", () => {
  it("counts by the next power of two, in seconds for durations, and 0 where there is nothing", () => {
    expect(showSeries("{ } | histogram_over_time(duration)", SHOP)).toEqual({
      "__bucket=0.001048576": [0, 1, 0],
      "__bucket=0.002097152": [1, 0, 0],
      "__bucket=0.004194304": [0, 1, 0],
      "__bucket=0.016777216": [0, 0, 1],
    });
  });

  it("has plain numbers for plain numbers, behind the labels of groups", () => {
    expect(showSeries("{ } | histogram_over_time(span.size) by(name)", SHOP)).toEqual({
      'name="GET /" __bucket=8.0': [0, 0, 1],
      'name="pay" __bucket=4.0': [0, 1, 0],
    });
  });

  it("passes over values below 2", () => {
    const small = [1n, 2n].map((size, at) =>
      buildSpan("small", { id: `s${at}`, at: [1, 2], attributes: { size } }),
    );
    expect(showSeries("{ } | histogram_over_time(span.size)", [small])).toEqual({
      "__bucket=2.0": [0, 1, 0],
    });
  });
});

describe("labels", () => {
  it.each<[string, string[]]>([
    ["span.code", ["span.code=200", "span.code=500", "span.code=nil"]],
    [".size", [".size=3", ".size=5", ".size=nil"]],
    ["status", ["status=error", "status=unset"]],
    ["span:status", ["status=error", "status=unset"]],
    ["kind", ["kind=client", "kind=internal", "kind=server"]],
    ["rootServiceName", ['rootServiceName="gateway"']],
    ["trace:rootName", ['rootName="GET /"', 'rootName="job"']],
    ["span.ratio", ["span.ratio=0.5", "span.ratio=nil"]],
    ["span:childCount", ["span:childCount=0", "span:childCount=1"]],
    ['span."odd key"', ['span."odd key"=nil']],
    ["duration", ["duration=1000000ns", "duration=16000000ns", "duration=2000000ns", "duration=4000000ns"]],
  ])("of by(%s) are the text of the field with values of their type", (field, labels) => {
    expect(Object.keys(showSeries(`{ } | rate() by(${field})`, SHOP)).sort()).toEqual(labels.sort());
  });

  it("leave out what is nil, unless all are: then the first is there", () => {
    expect(showSeries("{ } | count_over_time() by(span.none, span.code)", SHOP)).toEqual({
      "span.code=500": [0, 1, 0],
      "span.code=200": [0, 0, 1],
      "span.none=nil": [1, 1, 0],
    });
  });

  it("are the five that a query may have", () => {
    const q = "{ } | count_over_time() by(span.code, span.size, name, kind, status)";
    expect(showSeries(q, SHOP)).toMatchObject({
      'span.code=500 span.size=3 name="pay" kind=client status=error': [0, 1, 0],
      'name="job" kind=internal status=unset': [1, 0, 0],
    });
    expect(() => showSeries(q.replace("status", "status, .a"), SHOP)).toThrow(/at most 5 fields/);
  });

  it("are in the order of their values, numbers by size and NaN behind them", () => {
    const spans = [10n, Number.NaN, 9n, 100n, 9.5].map((size, at) =>
      buildSpan("sizes", { id: `s${at}`, at: [1, 2], attributes: { size } }),
    );
    expect(Object.keys(showSeries("{ } | rate() by(span.size)", [spans]))).toEqual([
      ...["span.size=9", "span.size=9.5", "span.size=10", "span.size=100", "span.size=NaN"],
    ]);
  });
});

describe("stages over series", () => {
  const RATES = "{ } | count_over_time() by(resource.service.name)";

  it.each<[string, Shown]>([
    ["topk(1)", { [GATEWAY]: [1, 1, 1] }],
    ["topk(2)", { [GATEWAY]: [1, 1, 1], [PAYMENT]: [0, 1, 0] }],
    ["bottomk(1)", { [GATEWAY]: [null, 1, null], [PAYMENT]: [0, null, 0] }],
    ["> 0", { [GATEWAY]: [1, 1, 1], [PAYMENT]: [null, 1, null] }],
    [">= 1", { [GATEWAY]: [1, 1, 1], [PAYMENT]: [null, 1, null] }],
    ["< 1", { [PAYMENT]: [0, null, 0] }],
    ["<= 0", { [PAYMENT]: [0, null, 0] }],
    ["= 1", { [GATEWAY]: [1, 1, 1], [PAYMENT]: [null, 1, null] }],
    ["!= 1", { [PAYMENT]: [0, null, 0] }],
    ["bottomk(1) | > 0", { [GATEWAY]: [null, 1, null] }],
    ["> 0 | bottomk(1)", { [GATEWAY]: [1, 1, 1] }],
    ["topk(2) | bottomk(1) | topk(1)", { [GATEWAY]: [null, 1, null], [PAYMENT]: [0, null, 0] }],
    ["> 7", {}],
  ])("%s goes interval by interval, and of equal values takes the first series", (stages, series) => {
    expect(showSeries(`${RATES} | ${stages}`, SHOP)).toEqual(series);
  });

  it("take durations as seconds, with or without a sign between", () => {
    const above = { '__name__="max_over_time"': [null, 0.004, 0.016] };
    expect(showSeries("{ } | max_over_time(duration) > 3ms", SHOP)).toEqual(above);
    expect(showSeries("{ } | max_over_time(duration) | > 0.003", SHOP)).toEqual(above);
  });
});

describe("arithmetic over series", () => {
  it.each<[string, Shown]>([
    ["({ status = error } | rate()) / ({ } | rate())", { '__name__="rate"': [0, 0.5, 0] }],
    ["({ } | count_over_time()) + ({ } | count_over_time())", { '__name__="count_over_time"': [2, 4, 2] }],
    [
      "({ } | count_over_time()) - ({ status = error } | count_over_time())",
      { '__name__="count_over_time"': [1, 1, 1] },
    ],
    ["({ } | count_over_time()) * 100", { '__name__="count_over_time"': [100, 200, 100] }],
    ["10 - ({ } | count_over_time())", { '__name__="count_over_time"': [9, 8, 9] }],
    ["({ } | count_over_time()) * (1 / 2)", { '__name__="count_over_time"': [0, 0, 0] }],
    ["({ } | count_over_time()) * (1 / 2.0)", { '__name__="count_over_time"': [0.5, 1, 0.5] }],
    ["({ } | sum_over_time(span.size)) / ({ } | count_over_time())", { "": [null, 1.5, 5] }],
    [
      "({ status = error } | count_over_time() by(resource.service.name)) * ({ } | count_over_time() by(resource.service.name))",
      { [PAYMENT]: [0, 1, 0] },
    ],
    ["({ } | count_over_time() by(name)) + ({ } | count_over_time())", {}],
    ["(({ } | rate()) + ({ } | rate())) / ({ } | rate())", { '__name__="rate"': [2, 2, 2] }],
    ["({ } | rate() by(resource.service.name) | topk(1)) * 10", { [GATEWAY]: [1, 1, 1] }],
  ])("%s joins series of equal labels", (q, series) => {
    expect(showSeries(q, SHOP)).toEqual(series);
  });

  it("gives infinity for a division by 0, and nothing for 0 by 0", () => {
    const q = "({ } | count_over_time()) / ({ status = error } | count_over_time())";
    expect(showSeries(q, SHOP)).toEqual({ '__name__="count_over_time"': [Infinity, 2, Infinity] });
    const nothing = "({ status = ok } | count_over_time()) / ({ status = ok } | count_over_time())";
    expect(showSeries(nothing, SHOP)).toEqual({ '__name__="count_over_time"': [null, null, null] });
  });
});

describe("which spans count", () => {
  it.each<[string, number[]]>([
    ["{ } | by(name) | count_over_time()", [1, 2, 1]],
    ["{ } | count() > 1 | count_over_time()", [0, 2, 0]],
    ['{ name = "GET /" } >> { } | count_over_time()', [0, 1, 0]],
    ["{ status = error } || { } | count_over_time()", [1, 2, 1]],
    ["{ nestedSetParent < 0 && true } | count_over_time()", [1, 1, 1]],
    ["{ nestedSetParent < 0 && resource.service.name != nil } | count_over_time()", [1, 1, 1]],
    ["{ } | select(span.size) | count_over_time()", [1, 2, 1]],
    ["{ } | count_over_time() with(sample = 0.1, exemplars = false, most_recent = true)", [1, 2, 1]],
  ])("are those of %s, each once", (q, values) => {
    expect(showSeries(q, SHOP)).toEqual({ '__name__="count_over_time"': values });
  });

  it("are those that start in the range, whenever their trace began", () => {
    const grid = rangeGrid({
      startUnixNano: BUILDER_START_UNIX_NANO + 1_000_500_000n,
      endUnixNano: BUILDER_START_UNIX_NANO + 1_002_000_000n,
      stepNanos: 500_000n,
    });
    // Behind 1000 ms, without it: intervals end at 1000.5, 1001, 1001.5 and 1002 ms. The root starts just before the
    // first, "pay" at the end of the second.
    expect(showSeries("{ } | count_over_time()", SHOP, { grid })).toEqual({
      '__name__="count_over_time"': [0, 1, 0, 0],
    });
  });
});

describe("more groups than may be", () => {
  it("are left out, those that come later first", () => {
    expect(showSeries("{ } | count_over_time() by(span.size)", SHOP, { maxGroups: 2 })).toEqual({
      "span.size=nil": [1, 1, 0],
      "span.size=3": [0, 1, 0],
    });
  });
});

describe("exemplars", () => {
  const exemplarsOf = (q: string, maxExemplars = 100) =>
    runSeries(q, SHOP, { maxExemplars }).map(({ exemplars }) =>
      exemplars.map(({ timeUnixNano, value }) => [
        Number(timeUnixNano - BUILDER_START_UNIX_NANO) / 1e6,
        value,
      ]),
    );

  it("of counts have the start of a span and the value of the series there", () => {
    expect(exemplarsOf("{ } | count_over_time()")).toEqual([
      [
        [0, 1],
        [1_000, 2],
        [1_001, 2],
        [12_000, 1],
      ],
    ]);
  });

  it("of measures have what was measured of the span, in seconds for durations", () => {
    expect(exemplarsOf("{ } | max_over_time(duration)")).toEqual([
      [
        [0, 0.002],
        [1_000, 0.004],
        [1_001, 0.001],
        [12_000, 0.016],
      ],
    ]);
    expect(exemplarsOf("{ } | max_over_time(span.size)")).toEqual([
      [
        [1_001, 3],
        [12_000, 5],
      ],
    ]);
  });

  it("of a histogram belong to their bucket, with its count", () => {
    expect(exemplarsOf("{ } | histogram_over_time(span.size)")).toEqual([[[1_001, 1]], [[12_000, 1]]]);
  });

  it("of quantiles belong to the one that is closest", () => {
    const [half, all] = exemplarsOf("{ } | quantile_over_time(duration, .5, 1)");
    expect(half).toContainEqual([1_001, 0.001]);
    expect(all).toEqual([[1_000, 0.004]]);
  });

  it("name the span and its trace", () => {
    const [series] = runSeries("{ status = error } | rate()", SHOP, { maxExemplars: 5 });
    const pay = SHOP[1]?.[1];
    expect(series?.exemplars).toEqual([
      { traceId: pay?.traceId, spanId: pay?.spanId, timeUnixNano: pay?.startTimeUnixNano, value: 0.1 },
    ]);
  });

  it("are at most as many as asked for, spread over the intervals, whatever the order of traces", () => {
    const picked = (traces: typeof SHOP, maxExemplars: number) =>
      runSeries("{ } | rate()", traces, { maxExemplars })[0]?.exemplars.map(
        ({ timeUnixNano }) => timeUnixNano,
      );
    expect(picked(SHOP, 0)).toEqual([]);
    expect(picked(SHOP, 1)).toHaveLength(1);
    const three = picked(SHOP, 3);
    expect(three).toHaveLength(3);
    expect(three?.[0]).toBe(BUILDER_START_UNIX_NANO);
    expect(picked([...SHOP].reverse(), 3)).toEqual(three);
    expect(picked([...SHOP].reverse(), 1)).toEqual(picked(SHOP, 1));
  });

  it("of values that a stage takes away go with them", () => {
    expect(exemplarsOf("{ } | count_over_time() > 1")).toEqual([
      [
        [1_000, 2],
        [1_001, 2],
      ],
    ]);
  });
});
