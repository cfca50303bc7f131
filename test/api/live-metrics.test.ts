import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPrometheusMetrics } from "../../src/api/health/prometheus-metrics.ts";
import { buildSpan, spanIdOf } from "../helpers/trace-builder.ts";
import type { ApiServer } from "./api-fixture.ts";
import { CHECKOUT_ID, checkoutSpans, startApi } from "./api-fixture.ts";

const CHARGE =
  'service="payment",span_name="Charge",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_ERROR"';
const CALL = 'client="gateway",server="payment",connection_type=""';

let api: ApiServer;
beforeAll(async () => {
  api = await startApi([checkoutSpans()], { metrics: createPrometheusMetrics() });
});
afterAll(() => api.stop());

async function scrape(
  accept = "*/*",
): Promise<{ readonly lines: readonly string[]; readonly type: string | null }> {
  const answer = await api.fetch("/metrics", { headers: { accept } });
  return { lines: (await answer.text()).split("\n"), type: answer.headers.get("content-type") };
}

const bucketsOf = (lines: readonly string[], start: string): string[] =>
  lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));

describe("span metrics", () => {
  it("count spans by service, name, kind and status, with buckets from 2 ms to 16 s", async () => {
    const { lines, type } = await scrape();
    expect(type).toContain("text/plain");
    expect(lines).toContain("# TYPE traces_spanmetrics_calls_total counter");
    expect(lines).toContain(`traces_spanmetrics_calls_total{${CHARGE}} 1`);
    expect(lines).toContain(`traces_spanmetrics_latency_sum{${CHARGE}} 0.06`);
    expect(lines).toContain(`traces_spanmetrics_latency_count{${CHARGE}} 1`);
    expect(bucketsOf(lines, `traces_spanmetrics_latency_bucket{${CHARGE},le=`)).toEqual([
      '"0.002"} 0',
      '"0.004"} 0',
      '"0.008"} 0',
      '"0.016"} 0',
      '"0.032"} 0',
      '"0.064"} 1',
      '"0.128"} 1',
      '"0.256"} 1',
      '"0.512"} 1',
      '"1.024"} 1',
      '"2.048"} 1',
      '"4.096"} 1',
      '"8.192"} 1',
      '"16.384"} 1',
      '"+Inf"} 1',
    ]);
    expect(bucketsOf(lines, `traces_spanmetrics_size_total{${CHARGE}} `).map(Number)[0]).toBeGreaterThan(100);
  });

  it("tell of the resources that spans come from", async () => {
    const { lines } = await scrape();
    expect(lines).toContain("# TYPE traces_target_info gauge");
    expect(lines).toContain('traces_target_info{job="payment",instance=""} 1');
  });

  it("escape what names may hold", async () => {
    api.feed.append(buildSpan("odd", { id: "odd", service: "s", name: 'a "b"\\\n', at: [0, 1] }));
    const { lines } = await scrape();
    expect(lines).toContain(
      'traces_spanmetrics_calls_total{service="s",span_name="a \\"b\\"\\\\\\n",span_kind="SPAN_KIND_INTERNAL",status_code="STATUS_CODE_UNSET"} 1',
    );
  });
});

describe("the service graph", () => {
  it("has calls, errors and both sides' durations of each edge", async () => {
    const { lines } = await scrape();
    expect(lines).toContain(`traces_service_graph_request_total{${CALL}} 1`);
    expect(lines).toContain(`traces_service_graph_request_failed_total{${CALL}} 1`);
    expect(lines).toContain(`traces_service_graph_request_client_seconds_sum{${CALL}} 0.08`);
    expect(lines).toContain(`traces_service_graph_request_server_seconds_sum{${CALL}} 0.06`);
    expect(bucketsOf(lines, `traces_service_graph_request_server_seconds_bucket{${CALL},le=`)).toEqual(
      ["0.1", "0.2", "0.4", "0.8", "1.6", "3.2", "6.4", "12.8", "+Inf"].map((le) => `"${le}"} 1`),
    );
    expect(lines).toContain(
      'traces_service_graph_request_total{client="user",server="gateway",connection_type="virtual_node"} 1',
    );
  });

  it("does not let a counter fall when a late span changes what a call was", async () => {
    const peer = { "peer.service": "bank" };
    const client = { id: "ask", service: "teller", kind: "CLIENT", at: [0, 5], attributes: peer } as const;
    const line =
      'traces_service_graph_request_total{client="teller",server="bank",connection_type="virtual_node"} 1';
    api.feed.append(buildSpan("late", client));
    expect((await scrape()).lines).toContain(line);
    api.feed.append(
      buildSpan("late", { id: "answer", parent: "ask", service: "vault", kind: "SERVER", at: [1, 4] }),
    );
    expect((await scrape()).lines).toContain(line);
  });
});

describe("OpenMetrics", () => {
  it("is written where it is asked for, with an exemplar in the bucket that its span falls into", async () => {
    const { lines, type } = await scrape("application/openmetrics-text; version=1.0.0");
    expect(type).toContain("application/openmetrics-text");
    expect(lines).toContain("# TYPE traces_spanmetrics_calls counter");
    expect(lines).toContain(
      `traces_spanmetrics_latency_bucket{${CHARGE},le="0.064"} 1 # {trace_id="${CHECKOUT_ID}",span_id="${spanIdOf("charge")}"} 0.06`,
    );
    expect(lines.filter((line) => line === "# EOF")).toHaveLength(1);
    expect(lines.at(-2)).toBe("# EOF");
    expect(lines.some((line) => line.startsWith("process_cpu_seconds_total "))).toBe(true);
  });
});
