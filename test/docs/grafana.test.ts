/** Everything in `examples/grafana` against a server: data sources, metrics and labels, queries. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { loadConfig } from "../../src/config/load-config.ts";
import type { RunningServer } from "../../src/server.ts";
import { startServer } from "../../src/server.ts";
import { parseQuery } from "../../src/traceql/parse-query.ts";
import { runCommand } from "../cli/cli-harness.ts";
import { FREE_PORTS } from "../helpers/free-ports.ts";

const EXAMPLE = "examples/grafana";
const read = (path: string): string => readFileSync(join(EXAMPLE, path), "utf8");

interface DataSource {
  readonly uid: string;
  readonly type: string;
  readonly url: string;
  readonly jsonData: Readonly<Record<string, unknown>>;
}

interface Target {
  readonly datasource: { readonly type: string; readonly uid: string };
  readonly expr?: string;
  readonly query?: string;
  readonly queryType?: string;
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly targets?: readonly Target[];
  }[];
  readonly templating: { readonly list: readonly { readonly definition: string }[] };
}

const { datasources } = parse(read("provisioning/datasources/tracagg.yaml")) as {
  readonly datasources: readonly DataSource[];
};
const dashboards = readdirSync(join(EXAMPLE, "dashboards")).map((file) => ({
  file,
  board: JSON.parse(read(`dashboards/${file}`)) as Dashboard,
}));
const targets = dashboards.flatMap(({ file, board }) =>
  board.panels.flatMap(({ title, targets: some = [] }) =>
    some.map((target) => ({ name: `${file}, ${title}`, target })),
  ),
);
const promQl = targets.flatMap(({ name, target: { expr } }) => (expr === undefined ? [] : [{ name, expr }]));
const variables = dashboards.flatMap(({ file, board }) =>
  board.templating.list.map(({ definition }) => ({ name: file, definition })),
);

/** `$$name` is how a provisioning file writes `$name`. */
function linkedQueries(): readonly { readonly name: string; readonly expr: string }[] {
  const { tracesToMetrics } = (datasources.find(({ type }) => type === "tempo") as DataSource).jsonData as {
    readonly tracesToMetrics: {
      readonly tags: readonly { readonly value: string }[];
      readonly queries: readonly { readonly name: string; readonly query: string }[];
    };
  };
  const tags = tracesToMetrics.tags.map(({ value }) => `${value}="x"`).join(", ");
  return tracesToMetrics.queries.map(({ name, query }) => ({
    name: `link of a span, ${name}`,
    expr: query.replaceAll("$$", "$").replace("$__tags", tags),
  }));
}

interface Selected {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** The series that PromQL selects, each with the labels that it is filtered or grouped by. */
function selectedBy(expr: string): readonly Selected[] {
  const grouped: string[] = [];
  const bare = expr
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/\[[^\]]*\]/g, "")
    .replace(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g, (_all, labels: string) => {
      grouped.push(...labels.split(",").map((label) => label.trim()));
      return "";
    });
  return [...bare.matchAll(/([a-zA-Z_:][\w:]*)\s*(\(|\{([^}]*)\})?/g)].flatMap(
    ([, metric = "", after, matchers = ""]) => {
      if (after === "(") return [];
      const filtered = [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = ""]) => label);
      return [{ metric, labels: [...filtered, ...grouped] }];
    },
  );
}

/** Labels by the names of the samples of a scrape. */
function labelsOf(scrape: string): ReadonlyMap<string, ReadonlySet<string>> {
  const known = new Map<string, Set<string>>();
  for (const line of scrape.split("\n")) {
    // A counter of several labels has no sample before it is counted with some.
    const [, name, text = ""] = /^(?:# TYPE )?([a-zA-Z_:][\w:]*)(?:\{(.*)\})? /.exec(line) ?? [];
    if (name === undefined) continue;
    const labels = known.get(name) ?? new Set();
    known.set(name, labels);
    for (const [, label] of text.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) labels.add(label as string);
  }
  return known;
}

let folder: string;
let server: RunningServer;
let known: ReadonlyMap<string, ReadonlySet<string>>;
let openMetrics: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tracagg-grafana-"));
  const flags = {
    ...FREE_PORTS,
    "data.dir": join(folder, "data"),
  };
  server = await startServer({ config: loadConfig({ flags, env: {}, cwd: folder }).config });
  const demo = await runCommand(["demo", "--once", "60", "--history", "2m"], {
    env: { TRACAGG_SERVER: server.ui },
    cwd: folder,
  });
  expect(demo).toMatchObject({ exitCode: 0 });
  // What is refused has a reason.
  await refuse("{");
  await refuse(
    JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: "00", name: "x" }] }] }] }),
  );
  await fetch(new URL("/api/v1/traces?q=%7B%7D", server.ui));
  // Calls are counted when their trace is complete.
  known = await vi.waitFor(
    async () => {
      const text = await (await fetch(new URL("/metrics", server.ui))).text();
      expect(text).toMatch(/^tracagg_window_open_traces 0$/m);
      return labelsOf(text);
    },
    { timeout: 30_000, interval: 250 },
  );
  openMetrics = await (
    await fetch(new URL("/metrics", server.ui), {
      headers: { accept: "application/openmetrics-text; version=1.0.0" },
    })
  ).text();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function refuse(body: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  await (await fetch(new URL("/v1/traces", server.otlpHttp), { method: "POST", headers, body })).text();
}

function expectKnown(expr: string): void {
  const selected = selectedBy(expr);
  expect(selected).not.toEqual([]);
  for (const { metric, labels } of selected) {
    expect([...known.keys()], expr).toContain(metric);
    expect([...(known.get(metric) ?? [])], expr).toEqual(expect.arrayContaining([...labels]));
  }
}

describe("the data sources", () => {
  it("are those whose API there is, and refer to each other", () => {
    expect(datasources.map(({ type, uid }) => [type, uid])).toEqual([
      ["tempo", "tracagg"],
      ["prometheus", "tracagg-prometheus"],
      ["jaeger", "tracagg-jaeger"],
      ["zipkin", "tracagg-zipkin"],
    ]);
    const [tempo, prometheus] = datasources.map(({ jsonData }) => jsonData);
    expect(tempo).toMatchObject({
      serviceMap: { datasourceUid: "tracagg-prometheus" },
      tracesToMetrics: { datasourceUid: "tracagg-prometheus" },
    });
    expect(prometheus).toMatchObject({
      exemplarTraceIdDestinations: [{ name: "trace_id", datasourceUid: "tracagg" }],
    });
  });

  it("have the address that a server with its defaults has, and the API answers there", async () => {
    const { server: main, api } = loadConfig({ flags: {}, env: {}, cwd: folder }).config;
    const [tempo, , jaeger, zipkin] = datasources as [DataSource, DataSource, DataSource, DataSource];
    expect(tempo.url).toBe(`http://127.0.0.1:${main.port}/tempo`);
    const here = `${server.ui}${new URL(tempo.url).pathname}`;
    expect(await (await fetch(`${here}/api/echo`)).text()).toBe("echo");
    expect((await fetch(`${here}/api/search?q=%7B%7D`)).status).toBe(200);
    expect(jaeger.url).toBe(`http://127.0.0.1:${main.port}`);
    const services = await (await fetch(`${server.ui}/api/services`)).json();
    expect(services).toMatchObject({ data: expect.arrayContaining(["checkout"]) });
    expect(zipkin.url).toBe(`http://127.0.0.1:${api.zipkin.port}`);
    expect(await (await fetch(`${server.zipkin}/api/v2/services`)).json()).toContain("checkout");
  });

  it("have Prometheus scrape the same server, exemplars included, as often as its data source says", () => {
    const { global, scrape_configs } = parse(read("prometheus.yml")) as {
      readonly global: { readonly scrape_interval: string };
      readonly scrape_configs: readonly {
        readonly metrics_path: string;
        readonly scrape_protocols: readonly string[];
        readonly static_configs: readonly { readonly targets: readonly string[] }[];
      }[];
    };
    const [job] = scrape_configs;
    expect(job?.metrics_path).toBe("/metrics");
    expect(job?.scrape_protocols[0]).toBe("OpenMetricsText1.0.0");
    expect(job?.static_configs[0]?.targets).toEqual([new URL(datasources[0]?.url as string).host]);
    expect(datasources[1]?.jsonData["timeInterval"]).toBe(global.scrape_interval);
    expect(openMetrics).toMatch(/^traces_spanmetrics_latency_bucket\{.*# \{trace_id="[0-9a-f]{32}"/m);
    expect(openMetrics).toMatch(/^traces_service_graph_request_server_seconds_bucket\{.*# \{trace_id="/m);
  });
});

describe("the series that Grafana's service graph view asks for by itself", () => {
  it.each([
    "traces_service_graph_request_total{client, server, connection_type}",
    "traces_service_graph_request_failed_total{client, server, connection_type}",
    "traces_service_graph_request_server_seconds_sum{client, server}",
    "traces_service_graph_request_server_seconds_bucket{client, server, le}",
    "traces_service_graph_request_client_seconds_bucket{client, server, le}",
    "traces_spanmetrics_calls_total{service, span_name, span_kind, status_code}",
    "traces_spanmetrics_latency_bucket{service, span_name, span_kind, status_code, le}",
    "traces_spanmetrics_size_total{service, span_name, span_kind, status_code}",
    "traces_target_info{job, instance}",
  ])("has %s", (series) => {
    const [metric = "", ...labels] = series.match(/\w+/g) ?? [];
    expect([...(known.get(metric) ?? [])]).toEqual(expect.arrayContaining(labels));
  });
});

describe("the dashboards", () => {
  it("have an id each, as have their panels", () => {
    expect(dashboards.map(({ board }) => board.uid).sort()).toEqual(["tracagg-red", "tracagg-server"]);
    for (const { board } of dashboards) {
      expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    }
    const { providers } = parse(read("provisioning/dashboards/tracagg.yaml")) as {
      readonly providers: readonly { readonly options: { readonly path: string } }[];
    };
    expect(read("README.md")).toContain(`examples/grafana/dashboards:${providers[0]?.options.path}:ro`);
  });

  it("ask data sources that are there", () => {
    const uids = datasources.map(({ type, uid }) => `${type} ${uid}`);
    for (const { target, name } of targets) {
      expect(uids, name).toContain(`${target.datasource.type} ${target.datasource.uid}`);
    }
  });

  it.each([...promQl, ...linkedQueries()])(
    "ask for series with labels that a server has: $name: $expr",
    ({ expr }) => {
      expectKnown(expr);
    },
  );

  it.each(variables)("have a variable out of a label that is there: $definition", ({ definition }) => {
    const [, metric = "", label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? [];
    expect([...(known.get(metric) ?? [])]).toContain(label);
  });

  it.each(targets.flatMap(({ name, target: { query } }) => (query === undefined ? [] : [{ name, query }])))(
    "have queries in TraceQL that a server answers: $name",
    async ({ query }) => {
      const q = query.replaceAll("$service", ".*");
      expect(() => parseQuery(q)).not.toThrow();
      const answer = await fetch(`${server.ui}/tempo/api/search?${new URLSearchParams({ q })}`);
      const { traces } = (await answer.json()) as { readonly traces: readonly unknown[] };
      expect(traces).not.toEqual([]);
    },
  );
});

describe("the reader of PromQL in this test", () => {
  it("finds what is selected, filtered and grouped by", () => {
    const expr =
      'topk(3, sum by (le, a) (rate(x_bucket{b=~"c{d}", e!="f"}[$__rate_interval]))) / on (g) y_total';
    expect(selectedBy(expr)).toEqual([
      { metric: "x_bucket", labels: ["b", "e", "le", "a", "g"] },
      { metric: "y_total", labels: ["le", "a", "g"] },
    ]);
  });
});
