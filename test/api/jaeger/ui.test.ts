/** Jaeger's UI from a folder, and every request that it and Grafana's data source send. */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ApiServer } from "../api-fixture.ts";
import { CHECKOUT_ID, checkoutSpans } from "../api-fixture.ts";
import { startMemoryJaeger } from "./jaeger-servers.ts";

/** A page with the fragments that a backend replaces, of a build of today and of older ones. */
const PAGE = `<!doctype html>
<base href="/" data-inject-target="BASE_URL" />
<script>
  // JAEGER_CONFIG_JS
  // the line after it goes too
  const JAEGER_CONFIG = DEFAULT_CONFIG;
  const JAEGER_STORAGE_CAPABILITIES = DEFAULT_STORAGE_CAPABILITIES;
  const JAEGER_BACKEND_CAPABILITIES = DEFAULT_BACKEND_CAPABILITIES;
  const JAEGER_VERSION = DEFAULT_VERSION;
</script>
`;
const CAPABILITIES =
  '{"archiveStorage":false,"metricsStorage":true,"searchWithoutServiceName":true,"aiAssistant":false}';

let uiDir: string;
let api: ApiServer;

beforeAll(async () => {
  uiDir = await mkdtemp(join(tmpdir(), "tracagg-jaeger-ui-"));
  await mkdir(join(uiDir, "static"));
  await writeFile(join(uiDir, "index.html"), PAGE);
  await writeFile(join(uiDir, "static", "main-1a2b.js"), "console.log(1)");
  await writeFile(join(uiDir, "config.json"), '{"archiveEnabled":false,"note":"</script>$&"}');
  await writeFile(join(uiDir, "config.js"), "function UIConfig() { return { note: '$&' }; }\n");
  api = await startMemoryJaeger([checkoutSpans()], { jaeger: { uiDir, uiConfig: "" } });
});
afterAll(async () => {
  await api.stop();
  await rm(uiDir, { recursive: true, force: true });
});

async function pageWith(uiConfig: string): Promise<string> {
  const server = await startMemoryJaeger([], { jaeger: { uiDir, uiConfig } });
  const page = await (await server.fetch("/jaeger/")).text();
  await server.stop();
  return page;
}

describe("The page of the UI", () => {
  it.each(["/jaeger/", "/jaeger/search?service=a", `/jaeger/trace/${CHECKOUT_ID}`, "/jaeger/index.html"])(
    "is given for %s, filled in",
    async (path) => {
      const response = await api.fetch(path);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(response.headers.get("cache-control")).toBe("no-store");
      const page = await response.text();
      expect(page).toContain(`JAEGER_BACKEND_CAPABILITIES = ${CAPABILITIES};`);
      expect(page).toContain(`JAEGER_STORAGE_CAPABILITIES = ${CAPABILITIES};`);
      expect(page).toContain(
        'JAEGER_VERSION = {"gitCommit":"","gitVersion":"TracAgg 0.1.0","buildDate":""};',
      );
      expect(page).toContain('<base href="/jaeger/" data-inject-target="BASE_URL" />');
      expect(page).not.toMatch(/= DEFAULT_/);
    },
  );

  it("switches the screens on that TracAgg has answers for", async () => {
    const page = await (await api.fetch("/jaeger/")).text();
    const config = /JAEGER_CONFIG = (.*);/.exec(page)?.[1] ?? "";
    expect(JSON.parse(config)).toMatchObject({
      monitor: { menuEnabled: true },
      deepDependencies: { menuEnabled: true },
      qualityMetrics: { menuEnabled: true, apiEndpoint: "/api/quality-metrics" },
    });
  });

  it("has the configuration of a file, in JSON or as a function", async () => {
    const json = await pageWith(join(uiDir, "config.json"));
    expect(json).toContain('JAEGER_CONFIG = {"archiveEnabled":false,"note":"\\u003c/script>$&"};');
    const script = await pageWith(join(uiDir, "config.js"));
    expect(script).toContain("function UIConfig() { return { note: '$&' }; }");
    expect(script).toContain("JAEGER_CONFIG = DEFAULT_CONFIG;");
    expect(script).not.toContain("the line after it");
  });

  it("keeps the server from starting when it or its configuration is missing", async () => {
    const start = (jaeger: { uiDir: string; uiConfig: string }) => startMemoryJaeger([], { jaeger });
    await expect(start({ uiDir: join(uiDir, "static"), uiConfig: "" })).rejects.toThrow("api.jaeger.uiDir");
    await expect(start({ uiDir, uiConfig: join(uiDir, "absent.json") })).rejects.toThrow("cannot be read");
    await expect(start({ uiDir, uiConfig: join(uiDir, "index.html") })).rejects.toThrow(".json or .js");
  });

  it("may load what is on this server and nothing else, and is where the path ends with a slash", async () => {
    const { headers } = await api.fetch("/jaeger/");
    expect(headers.get("content-security-policy")).toContain("default-src 'self'");
    const bare = await api.fetch("/jaeger", { redirect: "manual" });
    expect([bare.status, bare.headers.get("location")]).toEqual([302, "/jaeger/"]);
  });

  it("comes with assets that may be kept, and without those that are not there", async () => {
    const asset = await api.fetch("/jaeger/static/main-1a2b.js");
    expect([asset.status, await asset.text()]).toEqual([200, "console.log(1)"]);
    expect(asset.headers.get("cache-control")).toBe("public, max-age=31536000");
    expect((await api.fetch("/jaeger/static/absent.js")).status).toBe(404);
    expect((await api.fetch("/jaeger/static/..%2f..%2fetc%2fpasswd")).status).toBe(404);
  });

  it("leaves the root to TracAgg's own pages", async () => {
    expect(await (await api.fetch("/")).text()).toContain("TracAgg");
  });
});

describe("Requests of the UI", () => {
  it("for dependencies, as it sends them", async () => {
    expect(await api.get("/jaeger/api/dependencies?endTs=1700000060000&lookback=604800000")).toMatchObject({
      data: [{ parent: "gateway", child: "payment", callCount: 1 }],
    });
  });

  it.each(["latencies?quantile=0.95&", "calls?", "errors?"])("for its monitor: %s", async (metric) => {
    const rest =
      "service=gateway&endTs=1700000060000&lookback=3600000&step=60000&ratePer=600000&spanKind=server";
    for (const more of ["", "&groupByOperation=true"]) {
      const family = (await api.get(`/jaeger/api/metrics/${metric}${rest}${more}`)) as {
        readonly metrics: readonly { readonly metricPoints: readonly object[] }[];
      };
      expect(family.metrics[0]?.metricPoints.length).toBeGreaterThan(0);
    }
  });

  it("for deep dependencies: paths through the service, with traces to look at", async () => {
    const expected = {
      dependencies: [
        {
          path: [
            { service: "gateway", operation: "GET /checkout" },
            { service: "payment", operation: "Charge" },
          ],
          attributes: [{ key: "exemplar_trace_id", value: CHECKOUT_ID }],
        },
      ],
    };
    for (const path of [
      "/jaeger/analytics/v1/dependencies?service=payment&start=0&end=0",
      "/analytics/v1/dependencies?service=payment&operation=Charge",
      "/api/deep-dependencies?service=gateway",
    ]) {
      expect(await api.get(path)).toEqual(expected);
    }
    expect(await api.get("/analytics/v1/dependencies?service=payment&operation=other")).toEqual({
      dependencies: [],
    });
    expect(await api.get("/analytics/v1/dependencies?service=payment&end=1700000000000000")).toEqual({
      dependencies: [],
    });
    expect((await api.fetch("/api/deep-dependencies")).status).toBe(400);
  });

  it("for the quality of traces: scores, and what passed and failed", async () => {
    const quality = (await api.get("/jaeger/api/quality-metrics?service=payment&hours=1")) as {
      readonly traceQualityDocumentationLink: string;
      readonly scores: readonly object[];
      readonly metrics: readonly { readonly name: string }[];
    };
    expect(quality.scores).toEqual([
      { key: "completeness", label: "Completeness", max: 100, value: 100 },
      { key: "consistency", label: "Consistency", max: 100, value: 100 },
      { key: "description", label: "Description", max: 100, value: 67 },
    ]);
    expect(quality.metrics.find(({ name }) => name === "Service versions")).toMatchObject({
      category: "description",
      passCount: 0,
      failureCount: 1,
      failureExamples: [{ traceID: CHECKOUT_ID }],
      details: [{ rows: [{ operation: "Charge", failures: 1 }] }],
    });
    for (const parameters of ["", "service=a&hours=0", "service=a&hours=x"]) {
      expect((await api.fetch(`/api/quality-metrics?${parameters}`)).status).toBe(400);
    }
  });
});

describe("Requests of Grafana's data source", () => {
  it("find what it shows: health, names, a search, a trace, the graph", async () => {
    const rest = { errors: null };
    expect(await api.get("/api/services")).toMatchObject({ data: ["gateway", "payment"], ...rest });
    expect(await api.get("/api/services/payment/operations")).toMatchObject({ data: ["Charge"], ...rest });
    const tags = encodeURIComponent('{"error":"true"}');
    const range = "start=1699996400000000&end=1700003600000000&lookback=custom";
    const found = (await api.get(
      `/api/traces?service=payment&operation=Charge&tags=${tags}&minDuration=1ms&maxDuration=1s&limit=20&${range}`,
    )) as {
      readonly data: readonly {
        readonly traceID: string;
        readonly spans: readonly { readonly startTime: number; readonly duration: number }[];
      }[];
    };
    expect(found.data[0]).toMatchObject({
      traceID: CHECKOUT_ID,
      spans: [{ startTime: 1_700_000_000_000_000, duration: 100_000 }, {}, {}],
    });
    expect(
      await api.get(`/api/traces/${CHECKOUT_ID}?start=1699996400000000&end=1700003600000000`),
    ).toMatchObject({
      data: [{ traceID: CHECKOUT_ID, processes: { p1: { serviceName: "gateway" } } }],
    });
    expect(await api.get("/api/dependencies?endTs=1700003600000&lookback=7200000")).toMatchObject({
      data: [{ parent: "gateway", child: "payment" }],
    });
  });
});
