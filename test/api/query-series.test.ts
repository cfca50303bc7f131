import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SeriesListJson } from "../../src/api/traceql-contract.ts";
import { spanIdOf } from "../helpers/trace-builder.ts";
import type { ApiServer } from "./api-fixture.ts";
import { CHECKOUT_ID, checkoutSpans, startApi, workerSpan } from "./api-fixture.ts";

let api: ApiServer;
beforeAll(async () => {
  // Jobs of a worker start 1 to 5 s after the checkout and take 1 to 5 ms.
  api = await startApi([checkoutSpans(), [1, 2, 3, 4, 5].map(workerSpan)]);
});
afterAll(() => api.stop());

const FEW = { start: "1700000000", end: "1700000005", step: "5s" };

async function query(q: string, more: Record<string, string> = FEW): Promise<SeriesListJson> {
  return (await api.get(`/api/v1/query?${new URLSearchParams({ q, ...more }).toString()}`)) as SeriesListJson;
}

async function refusal(
  q: string,
  more: Record<string, string>,
): Promise<{ status: number; detail: string; contentType: string | null }> {
  const answer = await api.fetch(`/api/v1/query?${new URLSearchParams({ q, ...more }).toString()}`);
  const { detail } = (await answer.json()) as { detail: string };
  return { status: answer.status, detail, contentType: answer.headers.get("content-type") };
}

describe("functions over time", () => {
  it("are series with typed labels, values at the ends of their intervals, and the spans that stand for them", async () => {
    const answer = await query(
      '{ name = "Charge" } | max_over_time(duration) by(span.http.response.status_code)',
    );
    expect(answer).toEqual({
      series: [
        {
          labels: [{ name: "span.http.response.status_code", type: "int", value: 500 }],
          samples: [{ timeUnixNano: "1700000005000000000", value: 0.06 }],
          exemplars: [
            {
              traceId: CHECKOUT_ID,
              spanId: spanIdOf("charge"),
              timeUnixNano: "1700000000020000000",
              value: 0.06,
            },
          ],
        },
      ],
      range: { startTimeUnixNano: "1699999995000000000", endTimeUnixNano: "1700000005000000000" },
      stepNanos: "5000000000",
      status: "COMPLETE",
      message: "",
      warnings: [],
      explanation: {
        candidates: { operation: "Charge" },
        conditions: 'some span (name = "Charge")',
        tracesExamined: 1,
        spansExamined: 3,
        spansCounted: 1,
        store: {
          segmentsPassedOver: 0,
          segmentsByColumns: 0,
          segmentsByRows: 0,
          tracesByColumns: 0,
          segmentsBySums: 0,
          spansBySums: 0,
        },
      },
    });
  });

  it("are counted in intervals that have their end and not their start", async () => {
    const { series } = await query('{ resource.service.name = "worker" } | count_over_time()', {
      ...FEW,
      step: "1",
      exemplars: "0",
    });
    expect(series.map(({ samples, exemplars }) => [samples.map(({ value }) => value), exemplars])).toEqual([
      [[0, 1, 1, 1, 1, 1], []],
    ]);
  });

  it("are one value at the end of the range for an instant, without exemplars", async () => {
    const { start, end } = FEW;
    const { series, stepNanos } = await query('{ resource.service.name = "worker" } | rate()', {
      ...{ start, end },
      instant: "true",
    });
    expect(stepNanos).toBe("5000000000");
    expect(series).toEqual([
      {
        labels: [{ name: "__name__", type: "string", value: "rate" }],
        samples: [{ timeUnixNano: "1700000005000000000", value: 1 }],
        exemplars: [],
      },
    ]);
  });

  it("are of the last hour when nothing is said, and of as long as since says", async () => {
    // It is 22:14:20: the hour begins 20 s behind a multiple of 15 s, five behind the next one.
    const hour = await query("{ } | rate()", {});
    expect([hour.stepNanos, hour.range]).toEqual([
      "15000000000",
      { startTimeUnixNano: "1699996440000000000", endTimeUnixNano: "1700000070000000000" },
    ]);
    const short = await query("{ } | rate()", { since: "1m30s", step: "30" });
    expect(short.range).toEqual({
      startTimeUnixNano: "1699999920000000000",
      endTimeUnixNano: "1700000070000000000",
    });
  });

  it("write values beyond all numbers as words", async () => {
    const { series } = await query("({ } | count_over_time()) / ({ status = ok } | count_over_time())");
    expect(series[0]?.samples.map(({ value }) => value)).toEqual(["Infinity", "Infinity"]);
  });

  it("say that there are more series than the answer has", async () => {
    const cut = await query("{ } | rate() by(name)", { ...FEW, maxSeries: "2" });
    expect(cut.series).toHaveLength(2);
    expect(cut.status).toBe("PARTIAL");
    expect(cut.message).toBe(
      "8 series, of which the answer has 2: narrow the query, add topk, or raise maxSeries",
    );
    expect((await query("{ } | rate() by(name) | topk(2)", { ...FEW, maxSeries: "2" })).status).toBe(
      "PARTIAL",
    );
  });

  it("follow the hint about exemplars before the parameter", async () => {
    const exemplars = async (hint: string, more: Record<string, string> = {}) =>
      (await query(`{ } | rate() with(exemplars = ${hint})`, { ...FEW, ...more })).series[0]?.exemplars
        .length;
    expect(await exemplars("false")).toBe(0);
    expect(await exemplars("1")).toBe(1);
    expect(await exemplars("true", { exemplars: "0" })).toBe(8);
    expect((await query("{ } | rate()", { ...FEW, exemplars: "2" })).series[0]?.exemplars).toHaveLength(2);
  });

  it("warn of what is legal and probably not meant", async () => {
    const { warnings } = await query("{ duration > 50 } | rate()");
    expect(warnings.map(({ rule, start }) => [rule, start])).toEqual([["plain-number-of-nanoseconds", 13]]);
  });

  it("answer what a client asks about spans without a parent that have a service", async () => {
    const q =
      "{nestedSetParent<0 && true && resource.service.name != nil} | rate() by(resource.service.name)";
    const { series } = await query(q);
    expect(series.map(({ labels }) => labels[0]?.value)).toEqual(["gateway", "worker"]);
  });

  it.each([
    ["{ } | rate(", {}, /line 1, column 12/],
    ["{ } | rates()", {}, /line 1, column 7: .*did you mean `rate`/],
    ["{ resource.service.name = nil } | rate()", {}, /line 1, column 3: .*every resource has a service name/],
    ["{ duration / 0 > 1 } | rate()", FEW, /line 1, column 3: expected a divisor other than 0/],
    ["{ } | compare({ duration / 0 > 1 })", FEW, /line 1, column 17: expected a divisor other than 0/],
    ["{ }", {}, /expected a query for series over time, got one for traces/],
    ["{ } | rate() by(.a, .b, .c, .d, .e, .f)", {}, /at most 5 fields/],
    ["{ } | rate()", { step: "-1" }, /step: expected a number of seconds/],
    ["{ } | rate()", { step: "0" }, /step: expected/],
    ["{ } | rate()", { step: "1ms" }, /at most 10000 intervals/],
    ["{ } | rate()", { since: "soon" }, /since: expected a length of time/],
    ["{ } | rate()", { since: "1h", start: "-1h" }, /no since beside start/],
    ["{ } | rate()", { start: "now", end: "-1h" }, /end: expected a time after start/],
    ["{ } | rate()", { start: "1800000000" }, /start: expected a time before the end/],
    ["{ } | rate()", { instant: "true", step: "1m" }, /no step beside instant/],
    ["{ } | rate()", { maxSeries: "0" }, /maxSeries/],
    ["{ } | rate()", { exemplars: "101" }, /exemplars/],
  ])("refuse %s with %j and say what to mend", async (q, more, text) => {
    const { status, detail, contentType } = await refusal(q, more);
    expect([status, contentType]).toEqual([400, "application/problem+json"]);
    expect(detail).toMatch(text);
  });
});
