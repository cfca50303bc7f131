import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ApiServer } from "../api-fixture.ts";
import { CHECKOUT_ID, checkoutSpans, startApi, workerSpan } from "../api-fixture.ts";
import { readMessage } from "./tempo-messages.ts";

let api: ApiServer;
beforeAll(async () => {
  // Jobs of a worker start 1 to 5 s after the checkout and take 1 to 5 ms; it is 60 s after the checkout.
  api = await startApi([checkoutSpans(), [1, 2, 3, 4, 5].map(workerSpan)]);
});
afterAll(() => api.stop());

const FEW = { start: "1700000000", end: "1700000005", step: "5" };
const WORKER = '{ resource.service.name = "worker" }';

interface Answer {
  readonly series: readonly {
    readonly labels: readonly object[];
    readonly samples: readonly { readonly timestampMs: string; readonly value?: number | string }[];
    readonly exemplars?: readonly { readonly value?: number }[];
    readonly value?: number;
  }[];
  readonly status?: string;
  readonly message?: string;
}

function pathOf(endpoint: string, parameters: Record<string, string>): string {
  return `/tempo/api/metrics/${endpoint}?${new URLSearchParams(parameters).toString()}`;
}

async function range(q: string, more: Record<string, string> = FEW): Promise<Answer> {
  return (await api.get(pathOf("query_range", { q, ...more }))) as Answer;
}

async function refusal(parameters: Record<string, string>): Promise<readonly [number, string]> {
  const answer = await api.fetch(pathOf("query_range", parameters));
  return [answer.status, await answer.text()];
}

/** Ends of the first and the last interval, in milliseconds. */
async function ends(more: Record<string, string>): Promise<readonly string[]> {
  const samples = (await range("{ } | rate()", more)).series[0]?.samples ?? [];
  return [samples[0]?.timestampMs ?? "", samples.at(-1)?.timestampMs ?? ""];
}

describe("/api/metrics/query_range", () => {
  it("writes series with labels of their types, samples at the ends of intervals, and exemplars by trace", async () => {
    expect(
      await range('{ name = "Charge" } | max_over_time(duration) by(span.http.response.status_code)'),
    ).toEqual({
      series: [
        {
          labels: [{ key: "span.http.response.status_code", value: { intValue: "500" } }],
          samples: [{ timestampMs: "1700000005000", value: 0.06 }],
          exemplars: [
            {
              labels: [{ key: "trace:id", value: { stringValue: CHECKOUT_ID.replace(/^0+/, "") } }],
              value: 0.06,
              timestampMs: "1700000000020",
            },
          ],
        },
      ],
      metrics: { inspectedTraces: 1, completedJobs: 1, totalJobs: 1, inspectedSpans: "3" },
    });
  });

  it("names a series without groups after its function, and has no value for a sample of 0", async () => {
    const { series } = await range(`${WORKER} | count_over_time()`, { ...FEW, step: "1" });
    expect(series[0]?.labels).toEqual([{ key: "__name__", value: { stringValue: "count_over_time" } }]);
    expect(series[0]?.samples).toEqual([
      { timestampMs: "1700000000000" },
      ...[1, 2, 3, 4, 5].map((second) => ({ timestampMs: `170000000${second}000`, value: 1 })),
    ]);
  });

  it("leaves out samples that are no number, and series without any other", async () => {
    const { series } = await range(`${WORKER} | min_over_time(duration)`, { ...FEW, step: "1" });
    expect(series[0]?.samples.map(({ timestampMs }) => timestampMs)).toEqual(
      [1, 2, 3, 4, 5].map((second) => `170000000${second}000`),
    );
    expect((await range(`${WORKER} | min_over_time(span.absent)`)).series).toEqual([]);
  });

  it("writes quantiles and buckets as doubles, words of a kind as text, and nil as a word", async () => {
    const labels = async (q: string) => (await range(q)).series.map((series) => series.labels);
    expect(await labels('{ name = "Charge" } | quantile_over_time(duration, .5)')).toEqual([
      [{ key: "p", value: { doubleValue: 0.5 } }],
    ]);
    // 60 ms is at most 2^26 ns.
    expect(await labels('{ name = "Charge" } | histogram_over_time(duration)')).toEqual([
      [{ key: "__bucket", value: { doubleValue: 0.067108864 } }],
    ]);
    expect(await labels('{ name = "charge" } | rate() by(kind)')).toEqual([
      [{ key: "kind", value: { stringValue: "client" } }],
    ]);
    expect(await labels('{ name = "charge" } | rate() by(span.absent)')).toEqual([
      [{ key: "span.absent", value: { stringValue: "nil" } }],
    ]);
  });

  it("writes values beyond all numbers as words", async () => {
    const { series } = await range("({ } | count_over_time()) / ({ status = ok } | count_over_time())");
    expect(series[0]?.samples.map(({ value }) => value)).toEqual(["Infinity", "Infinity"]);
  });

  it("reads times as seconds, with a fraction, as nanoseconds of more than ten digits, and as RFC 3339", async () => {
    const step = "1";
    const expected = ["1699999999000", "1700000005000"];
    expect(await ends({ start: "1699999999.9", end: "1700000004.5", step })).toEqual(expected);
    expect(await ends({ start: "1699999999900000000", end: "1700000004500000000", step })).toEqual(expected);
    expect(await ends({ start: "2023-11-14T22:13:19.9Z", end: "2023-11-14T22:13:24.5Z", step })).toEqual(
      expected,
    );
    // Eleven digits are nanoseconds: 20 s after 1970.
    expect(await ends({ start: "10000000000", end: "20000000000", step: "10" })).toEqual(["10000", "20000"]);
  });

  it("is of the last hour when nothing is said, and of as long as since says unless a start is given", async () => {
    // It is 22:14:20: the hour begins 20 s behind a multiple of 15 s, five behind the next one.
    expect(await ends({})).toEqual(["1699996455000", "1700000070000"]);
    expect(await ends({ since: "1m30s", step: "30" })).toEqual(["1699999950000", "1700000070000"]);
    expect(await ends({ since: "1h", start: "1700000010", step: "10" })).toEqual([
      "1700000010000",
      "1700000060000",
    ]);
  });

  it.each(["5", "5.0", "5e0", "5s", "5000ms"])("reads a step of %s as five seconds", async (step) => {
    const { series } = await range("{ } | count_over_time()", { ...FEW, step });
    expect(series[0]?.samples.map(({ timestampMs }) => timestampMs)).toEqual([
      "1700000000000",
      "1700000005000",
    ]);
  });

  it("gives 100 exemplars at most, as many as asked for, and those of the hint before all", async () => {
    const count = async (hints: string, more: Record<string, string>) =>
      (await range(`${WORKER} | rate() ${hints}`, { ...FEW, step: "1", ...more })).series[0]?.exemplars
        ?.length;
    expect(await count("", {})).toBe(5);
    expect(await count("", { exemplars: "0" })).toBe(5);
    expect(await count("", { exemplars: "2" })).toBe(2);
    expect(await count("", { exemplars: "5000" })).toBe(5);
    expect(await count("with(exemplars=1)", { exemplars: "2" })).toBe(1);
    expect(await count("with(exemplars=false)", {})).toBeUndefined();
  });

  it("gives an exemplar of a count the value of its series, of a measure the span's own", async () => {
    const exemplars = async (q: string) =>
      (await range(`${WORKER} | ${q}`, FEW)).series[0]?.exemplars?.map(({ value }) => value);
    expect(await exemplars("count_over_time()")).toEqual([5, 5, 5, 5, 5]);
    expect(await exemplars("avg_over_time(duration)")).toEqual([0.001, 0.002, 0.003, 0.004, 0.005]);
  });

  it("is PARTIAL, with a message, when there are more series than asked for", async () => {
    const cut = await range("{ } | rate() by(name)", { ...FEW, maxSeries: "2" });
    expect([cut.series.length, cut.status]).toEqual([2, "PARTIAL"]);
    expect(cut.message).toMatch(/^8 series, of which the answer has 2: /);
    const whole = await range("{ } | rate() by(name)", { ...FEW, maxSeries: "999999" });
    expect([whole.series.length, whole.status, whole.message]).toEqual([8, undefined, undefined]);
  });

  it("reads the query from either parameter", async () => {
    const query = (await api.get(pathOf("query_range", { query: `${WORKER} | rate()`, ...FEW }))) as Answer;
    expect(query).toEqual(await range(`${WORKER} | rate()`));
  });

  it("answers in protobuf what it says in JSON", async () => {
    const parameters = { q: "{ } | count_over_time() by(resource.service.name)", ...FEW, maxSeries: "2" };
    const headers = { accept: "application/protobuf" };
    const answer = await api.fetch(pathOf("query_range", parameters), { headers });
    expect(answer.headers.get("content-type")).toBe("application/protobuf");
    const message = readMessage("QueryRangeResponse", new Uint8Array(await answer.arrayBuffer()));
    const renamed = JSON.parse(JSON.stringify(message).replaceAll('"timestamp_ms"', '"timestampMs"'));
    expect(renamed).toEqual(await range(parameters.q, parameters));
  });

  it.each([
    [{ q: "{ }" }, /^q: expected a query for series over time/],
    [{ q: "{ } | rate() by()" }, /^line 1, column 17: expected /],
    [{}, /^line 1, column 1: expected /],
    [
      { q: "{ } | rate()", start: "9", end: "8" },
      /^http parameter start must be before end\. received start=9000000000 end=8000000000\n$/,
    ],
    [{ q: "{ } | rate()", start: "yesterday" }, /^invalid start: expected seconds, nanoseconds/],
    [{ q: "{ } | rate()", start: "-1" }, /^invalid start: /],
    [{ q: "{ } | rate()", step: "-5" }, /^invalid step: expected seconds above 0/],
    [{ q: "{ } | rate()", step: "-5s" }, /^step: expected /],
    [{ q: "{ } | rate()", step: "soon" }, /^step: expected /],
    [{ q: "{ } | rate()", since: "soon" }, /^since: expected a length of time/],
    [{ q: "{ } | rate()", exemplars: "many" }, /^invalid exemplars: expected a whole number/],
    [{ q: "{ } | rate()", maxSeries: "-1" }, /^invalid maxSeries: expected a whole number/],
    [{ q: "{ } | rate()", step: "1ms" }, /^step: expected one that gives at most 10000 intervals/],
  ] as const)("refuses %j", async (parameters, message) => {
    const [status, text] = await refusal(parameters as Record<string, string>);
    expect(status).toBe(400);
    expect(text).toMatch(message);
  });

  it("and the search refuse each other's queries", async () => {
    expect((await refusal({ q: WORKER }))[0]).toBe(400);
    const search = await api.fetch(`/tempo/api/search?q=${encodeURIComponent(`${WORKER} | rate()`)}`);
    expect(search.status).toBe(400);
  });
});

describe("/api/metrics/query", () => {
  const instant = async (q: string, more: Record<string, string> = FEW): Promise<Answer> =>
    (await api.get(pathOf("query", { q, ...more }))) as Answer;

  it("has one value for the whole range, without samples, whatever the step", async () => {
    expect(await instant(`${WORKER} | rate() by(resource.service.name)`)).toEqual({
      series: [{ labels: [{ key: "resource.service.name", value: { stringValue: "worker" } }], value: 1 }],
      metrics: { inspectedTraces: 5, completedJobs: 1, totalJobs: 1, inspectedSpans: "5" },
    });
  });

  it("has no value for 0 and no series without a value", async () => {
    const { series } = await instant("({ } | count_over_time()) - ({ } | count_over_time())");
    expect(series).toEqual([{ labels: expect.anything() }]);
    expect((await instant(`${WORKER} | avg_over_time(span.absent)`)).series).toEqual([]);
  });

  it("answers in protobuf too", async () => {
    const headers = { accept: "application/protobuf" };
    const answer = await api.fetch(pathOf("query", { q: `${WORKER} | rate()`, ...FEW }), { headers });
    expect(readMessage("QueryInstantResponse", new Uint8Array(await answer.arrayBuffer()))).toEqual({
      series: [{ labels: [{ key: "__name__", value: { stringValue: "rate" } }], value: 1 }],
      metrics: { inspectedTraces: 5, completedJobs: 1, totalJobs: 1, inspectedSpans: "5" },
    });
  });
});

describe("compare", () => {
  it("tells the two sides apart by a label, over the whole range in one step", async () => {
    const { series } = await range(
      "{ true } | compare({ status = error }, 10, 1699999999000000000, 1700000005000000000)",
      { ...FEW, exemplars: "1" },
    );
    const sides = series.map(({ labels }) => JSON.stringify(labels[0]));
    expect([...new Set(sides)].sort()).toEqual(
      ["baseline", "baseline_total", "selection", "selection_total"].map((side) =>
        JSON.stringify({ key: "__meta_type", value: { stringValue: side } }),
      ),
    );
  });
});
