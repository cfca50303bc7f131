import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildSpan } from "../../helpers/trace-builder.ts";
import type { ApiServer } from "../api-fixture.ts";
import { NOW_MILLIS } from "../api-fixture.ts";
import { JAEGER_SERVERS, startMemoryJaeger } from "./jaeger-servers.ts";

/** `count` SERVER spans of 10 ms that begin in the same second, the first `failed` of them with an error. */
function served(name: string, atMillis: number, count: number, failed: number, operation = "GET /") {
  return Array.from({ length: count }, (_, number) =>
    buildSpan(`${name}-${number}`, {
      id: `${name}-${number}`,
      service: "shop",
      name: operation,
      kind: "SERVER",
      at: [atMillis, atMillis + 10],
      ...(number < failed ? { status: "ERROR" as const } : {}),
    }),
  );
}

/** Ten spans in the ten seconds from moment 0, and twenty in those from 20 s on, of which five failed. */
const SPANS = [
  ...served("early", 1_000, 10, 0),
  ...served("late", 21_000, 15, 5),
  ...served("other", 22_000, 5, 0, "GET /cart"),
];
const CLIENTS = [
  buildSpan("client", { id: "client", service: "shop", name: "charge", kind: "CLIENT", at: [1_000, 1_200] }),
];

interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly metrics: readonly {
    readonly labels: readonly { readonly name: string; readonly value: string }[];
    readonly metricPoints: readonly {
      readonly gaugeValue: { readonly doubleValue: number };
      readonly timestamp: string;
    }[];
  }[];
}

/** Half a minute up to 22:13:50 in steps of ten seconds, each over the twenty seconds before it. */
const RANGE = "service=shop&endTs=1700000030000&lookback=30000&step=10000&ratePer=20000";

let api: ApiServer;

async function family(path: string): Promise<Family> {
  return (await api.get(`/api/metrics/${path}`)) as Family;
}

function valuesOf({ metrics }: Family): readonly (readonly [string, number])[][] {
  return metrics.map(({ metricPoints }) =>
    metricPoints.map(({ timestamp, gaugeValue }) => [timestamp.slice(11), gaugeValue.doubleValue] as const),
  );
}

beforeAll(async () => {
  api = await startMemoryJaeger([SPANS, CLIENTS]);
});
afterAll(() => api.stop());

describe("Metrics", () => {
  it("count calls a second over the window that ends at each step", async () => {
    const calls = await family(`calls?${RANGE}`);
    expect(calls).toMatchObject({
      name: "service_call_rate",
      type: "GAUGE",
      help: "calls/sec, grouped by service",
      metrics: [{ labels: [{ name: "service_name", value: "shop" }] }],
    });
    expect(valuesOf(calls)).toEqual([
      [
        ["22:13:20Z", 0],
        ["22:13:30Z", 0.5],
        ["22:13:40Z", 0.5],
        ["22:13:50Z", 1],
      ],
    ]);
  });

  it("tell errors as a fraction of calls, with zeros where there were calls and no errors", async () => {
    const errors = await family(`errors?${RANGE}`);
    expect(errors.name).toBe("service_error_rate");
    expect(errors.help).toBe(
      "error rate, computed as a fraction of errors/sec over calls/sec, grouped by service",
    );
    expect(valuesOf(errors)).toEqual([
      [
        ["22:13:30Z", 0],
        ["22:13:40Z", 0],
        ["22:13:50Z", 0.25],
      ],
    ]);
  });

  it("tell latencies in milliseconds", async () => {
    const latencies = await family(`latencies?${RANGE}&quantile=0.95`);
    expect(latencies.name).toBe("service_latencies");
    expect(latencies.help).toBe("0.95th quantile latency, grouped by service");
    for (const [, value] of valuesOf(latencies)[0] ?? []) {
      // Statistics keep durations within 1.09 %.
      expect(Math.abs(value - 10)).toBeLessThan(0.11);
    }
    expect(valuesOf(latencies)[0]).toHaveLength(3);
  });

  it("tell operations apart when asked to", async () => {
    const calls = await family(`calls?${RANGE}&groupByOperation=true`);
    expect(calls.name).toBe("service_operation_call_rate");
    expect(calls.help).toBe("calls/sec, grouped by service & operation");
    expect(calls.metrics.map(({ labels }) => labels)).toEqual([
      [
        { name: "service_name", value: "shop" },
        { name: "operation", value: "GET /" },
      ],
      [
        { name: "service_name", value: "shop" },
        { name: "operation", value: "GET /cart" },
      ],
    ]);
    expect(valuesOf(calls)[1]?.at(-1)).toEqual(["22:13:50Z", 0.25]);
  });

  it("are of SERVER spans unless other kinds are named, which are summed", async () => {
    const last = async (parameters: string) =>
      valuesOf(await family(`calls?${RANGE}&${parameters}`))[0]?.[1]?.[1];
    expect(await last("spanKind=client")).toBe(0.05);
    expect(await last("spanKind=client&spanKind=server")).toBe(0.55);
  });

  it("are there for each service named that had spans", async () => {
    const calls = await family(`calls?${RANGE}&service=nobody`);
    expect(calls.metrics).toHaveLength(1);
    expect((await family(`calls?${RANGE.replace("shop", "nobody")}`)).metrics).toEqual([]);
  });

  it("look an hour back from now when nothing else is said", async () => {
    expect(NOW_MILLIS).toBe(1_700_000_060_000);
    const [points] = valuesOf(await family("calls?service=shop"));
    // Ten minutes hold all thirty spans; so far back statistics are of minutes.
    expect(points?.at(-1)).toEqual(["22:14:20Z", 30 / 600]);
    expect(points?.[0]?.[0]).toBe("21:15:00Z");
  });

  it("widen steps where an answer would have too many points", async () => {
    // A hundred operations in each of 115 minutes: more than an answer has room for.
    const minutes = Array.from({ length: 115 }, (_, minute) =>
      Array.from({ length: 100 }, (_unused, number) =>
        served(`m${minute}-${number}`, -minute * 60_000, 1, 0, `operation ${number}`),
      ).flat(),
    );
    const busy = await startMemoryJaeger(minutes);
    const path = `service=shop&groupByOperation=1&lookback=7200000&step=60000&ratePer=60000`;
    const { metrics } = (await busy.get(`/api/metrics/calls?${path}`)) as Family;
    expect(metrics).toHaveLength(100);
    const [first = 0, second = 0] = (metrics[0]?.metricPoints ?? []).map(({ timestamp }) =>
      Date.parse(timestamp),
    );
    expect(second - first).toBe(120_000);
    await busy.stop();
  });

  it("tell the shortest step in milliseconds", async () => {
    expect(await api.get("/api/metrics/minstep")).toEqual({
      data: 10_000,
      total: 0,
      limit: 0,
      offset: 0,
      errors: null,
    });
  });

  it.each([
    [
      "latencies?service=a",
      "unable to parse param 'quantile': strconv.ParseFloat: parsing \"\": invalid syntax",
    ],
    [
      "latencies?service=a&quantile=1.5",
      "unable to parse param 'quantile': expected a number above 0 and up to 1, got 1.5",
    ],
    [
      "latencies?service=a&quantile=0",
      "unable to parse param 'quantile': expected a number above 0 and up to 1, got 0",
    ],
    ["calls", "unable to parse param 'service': please provide at least one service name"],
    [
      "calls?service=a&groupByOperation=x",
      "unable to parse param 'groupByOperation': strconv.ParseBool: parsing \"x\": invalid syntax",
    ],
    ["calls?service=a&spanKind=x", "unable to parse param 'spanKind': unsupported span kind: 'x'"],
    [
      "calls?service=a&endTs=x",
      "unable to parse param 'endTs': strconv.ParseInt: parsing \"x\": invalid syntax",
    ],
    [
      "errors?service=a&lookback=1h",
      "unable to parse param 'lookback': strconv.ParseInt: parsing \"1h\": invalid syntax",
    ],
    [
      "errors?service=a&step=x",
      "unable to parse param 'step': strconv.ParseInt: parsing \"x\": invalid syntax",
    ],
    [
      "errors?service=a&ratePer=x",
      "unable to parse param 'ratePer': strconv.ParseInt: parsing \"x\": invalid syntax",
    ],
    ["errors?service=a&step=0", "unable to parse param 'step': expected 1 to 2592000000 milliseconds, got 0"],
  ])("refuse %s", async (path, msg) => {
    const response = await api.fetch(`/api/metrics/${path}`);
    expect(response.status).toBe(400);
    expect(JSON.parse(await response.text())).toMatchObject({ data: null, errors: [{ code: 400, msg }] });
  });

  it("are refused with 501 where no statistics are kept", async () => {
    const [, start] = JAEGER_SERVERS[1] ?? [];
    const lake = await start?.([SPANS]);
    const response = await lake?.fetch("/api/metrics/calls?service=shop");
    expect(response?.status).toBe(501);
    expect(await response?.text()).toContain("no metrics backend configured");
    await lake?.stop();
  });
});
