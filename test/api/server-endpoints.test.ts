import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPrometheusMetrics } from "../../src/api/health/prometheus-metrics.ts";
import type { ApiServer } from "./api-fixture.ts";
import { CHECKOUT_ID, STATUS, startApi, workerSpan } from "./api-fixture.ts";

let api: ApiServer;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

describe("the server's own endpoints", () => {
  it("live as long as the process", async () => {
    expect(await api.get("/healthz")).toEqual({ status: "ok", reasons: [] });
  });

  it("say why no work should come", async () => {
    let reasons = ["the store is opening"];
    const starting = await startApi(undefined, { notReadyReasons: () => reasons });
    const before = await starting.fetch("/readyz");
    reasons = [];
    const after = await starting.fetch("/readyz");
    expect([before.status, await before.json()]).toEqual([
      503,
      { status: "unavailable", reasons: ["the store is opening"] },
    ]);
    expect([after.status, await after.json()]).toEqual([200, { status: "ok", reasons: [] }]);
    await starting.stop();
  });

  it("give the status as it is", async () => {
    expect(await api.get("/api/v1/status")).toEqual(STATUS);
  });

  it("give metrics to Prometheus: queries by use case, the process, the event loop", async () => {
    const counted = await startApi();
    await counted.get("/api/v1/services");
    await counted.fetch(`/api/v1/traces/${"b".repeat(32)}`);
    const response = await counted.fetch("/metrics");
    const text = await response.text();
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(text).toContain('tracagg_queries_total{use_case="services",result="ok"} 1');
    expect(text).toContain('tracagg_queries_total{use_case="get_trace",result="not_found"} 1');
    expect(text).toContain('tracagg_query_duration_seconds_count{use_case="services"} 1');
    expect(text).toContain("tracagg_queries_running 0");
    expect(text).toContain("process_cpu_seconds_total");
    expect(text).toContain("nodejs_eventloop_lag_p99_seconds");
    await counted.stop();
  });
});

describe("createPrometheusMetrics", () => {
  it("shares nothing between two servers, and one counter between two who ask for it", async () => {
    const [one, other] = [createPrometheusMetrics(), createPrometheusMetrics()];
    const options = { name: "tracagg_test_total", help: "Test.", labelNames: ["kind"] };
    one.counter(options).add(2, { kind: "a" });
    one.counter(options).add(3, { kind: "a" });
    other.counter(options).add(1, { kind: "a" });
    expect(await one.render()).toContain('tracagg_test_total{kind="a"} 5');
    expect(await other.render()).toContain('tracagg_test_total{kind="a"} 1');
  });

  it("reads a gauge at each scrape", async () => {
    const metrics = createPrometheusMetrics();
    let value = 1;
    metrics.gauge({ name: "tracagg_test_bytes", help: "Test." }, () => value);
    expect(await metrics.render()).toContain("tracagg_test_bytes 1");
    value = 2;
    expect(await metrics.render()).toContain("tracagg_test_bytes 2");
  });

  it("sorts observations into the buckets", async () => {
    const metrics = createPrometheusMetrics();
    const histogram = metrics.histogram({ name: "tracagg_test_seconds", help: "Test.", buckets: [1, 2] });
    histogram.observe(1.5);
    const text = await metrics.render();
    expect(text).toContain('tracagg_test_seconds_bucket{le="1"} 0');
    expect(text).toContain('tracagg_test_seconds_bucket{le="2"} 1');
  });
});

describe("every answer", () => {
  it("has headers that keep browsers from reading more into it", async () => {
    const { headers } = await api.fetch("/api/v1/services");
    expect(Object.fromEntries(headers)).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    });
    expect(headers.has("x-powered-by")).toBe(false);
  });

  it.each(["/api/v1/services", `/api/v1/traces/${CHECKOUT_ID}`, "/"])(
    "to HEAD is the one to GET without its body (%s)",
    async (path) => {
      const [head, get] = [await api.fetch(path, { method: "HEAD" }), await api.fetch(path)];
      expect([head.status, await head.text()]).toEqual([200, ""]);
      expect(head.headers.get("content-type")).toBe(get.headers.get("content-type"));
    },
  );

  it("to OPTIONS names the methods", async () => {
    const response = await api.fetch("/api/v1/traces", { method: "OPTIONS" });
    expect([response.status, response.headers.get("allow")]).toEqual([204, "GET, HEAD, OPTIONS"]);
  });

  it("is compressed when it is long and the client reads gzip", async () => {
    const large = await startApi([Array.from({ length: 30 }, (_, index) => workerSpan(index + 1))]);
    const path = "/api/v1/traces?pageSize=30";
    const plain = await large.fetch(path, { headers: { "accept-encoding": "identity" } });
    const packed = await large.fetch(path, { headers: { "accept-encoding": "gzip" } });
    expect([plain.headers.get("content-encoding"), packed.headers.get("content-encoding")]).toEqual([
      null,
      "gzip",
    ]);
    expect(await packed.text()).toBe(await plain.text());
    await large.stop();
  });
});

describe("the pages", () => {
  const load = async (path: string) => {
    const response = await api.fetch(path);
    return { html: await response.text(), policy: response.headers.get("content-security-policy") ?? "" };
  };

  it.each(["/", "/api"])("%s loads nothing and runs nothing its policy does not name", async (path) => {
    const { html, policy } = await load(path);
    expect(html).not.toMatch(/\s(?:src|on\w+)\s*=\s*["']/i);
    expect(html.replace("data:,", "")).not.toMatch(/<(?:link|img|iframe)[^>]+(?:href|src)="(?!")[^"]/i);
    expect(html).not.toMatch(/ style="/);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
    expect(html).toContain('name="viewport" content="width=device-width, initial-scale=1"');
    expect(html).toContain("prefers-color-scheme:dark");
  });

  it.each(["/", "/api"])("%s allows exactly the style and script it has, by hash", async (path) => {
    const { createHash } = await import("node:crypto");
    const { html, policy } = await load(path);
    const blocks = [...html.matchAll(/<(style|script)>([\s\S]*?)<\/\1>/g)];
    const hashes = blocks.map(
      ([, tag, body]) =>
        `${tag}-src 'sha256-${createHash("sha256")
          .update(body as string)
          .digest("base64")}'`,
    );
    expect(policy.split("; ").filter((each) => each.includes("sha256"))).toEqual(hashes);
  });

  it("shows how to send from each language, to the addresses of this server", async () => {
    const { html } = await load("/");
    const names = [...html.matchAll(/<summary>([^<]+)<\/summary>/g)].map(([, name]) => name);
    expect(names).toEqual([
      "Node.js",
      "Python",
      "Java",
      "Go",
      ".NET",
      "Ruby",
      "curl",
      "OpenTelemetry Collector",
    ]);
    expect(html).toContain("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318");
    expect(html).toContain("endpoint: 127.0.0.1:4317");
    expect(html).toContain('<a href="api">API</a>');
    expect(html).toContain("Last refused request: span_id: expected 8 bytes, got &lt;3&gt; Send 8 bytes.");
  });

  it("has every endpoint on the API page", async () => {
    const { html } = await load("/api");
    const document = (await api.get("/openapi.json")) as { paths: Record<string, unknown> };
    const missing = Object.keys(document.paths).filter((path) => !html.includes(`GET ${path}</code>`));
    expect(missing).toEqual([]);
  });
});
