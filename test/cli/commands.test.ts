import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { TraceSummaryJson } from "../../src/api/contract.ts";
import type { GraphEdgeJson, RedRowJson } from "../../src/api/live-contract.ts";
import type { TopologyEdgeJson } from "../../src/api/topology-contract.ts";
import type { FoundTraceJson, SeriesJson } from "../../src/api/traceql-contract.ts";
import { jsonLines, runCommand } from "./cli-harness.ts";
import { ShopServer, startMemoryServer } from "./shop-server.ts";

let shop: ShopServer;
let purchase: TraceSummaryJson;

const run = (...given: readonly string[]) => shop.run(...given);
const show = (...given: readonly string[]) => shop.show(...given);

beforeAll(async () => {
  shop = await ShopServer.start({ visits: 40, history: "5m" });
  const found = await run("search", "--service", "payment", "--no-errors", "--limit", "1");
  purchase = jsonLines<TraceSummaryJson>(found.stdout)[0] as TraceSummaryJson;
});

afterAll(() => shop.stop());

describe("query", () => {
  const RATES = "{ kind = server } | rate() by(resource.service.name)";

  it("gives one series a line in a pipe", async () => {
    const { exitCode, stdout } = await run("query", RATES, "--since", "10m", "--step", "1m");
    const names = jsonLines<SeriesJson>(stdout).map(({ labels }) => labels[0]?.value);
    expect(exitCode).toBe(0);
    expect(names).toEqual(expect.arrayContaining(["frontend", "payment"]));
  });

  it("shows a table with a chart of each series on a terminal, and the range below", async () => {
    const { stdout } = await show("query", RATES, "--since", "10m", "--step", "1m");
    expect(stdout).toMatch(/^SERIES +MIN +MEAN +MAX +LAST +CHART\n/);
    expect(stdout).toMatch(/\nresource\.service\.name=payment .* [▁▂▃▄▅▆▇█]{11,12}\n/);
    expect(stdout).toMatch(/ UTC, 1[12] intervals of 1m 0s\n$/);
    expect(stdout).not.toContain("\u001b");
  });

  it("shows one value of each series for an instant", async () => {
    const { stdout } = await show(
      "query",
      "{ } | count_over_time()",
      "--instant",
      "--start",
      "-1h",
      "--end",
      "now",
    );
    expect(stdout).toMatch(/^SERIES +LAST\ncount_over_time +[\d,]+\n.* UTC, 1 interval of 1h 0m\n$/);
  });

  it("says what is wrong with a query, and that there is no series", async () => {
    const wrong = await run("query", "{ } | rate(");
    expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining("line 1, column 12")]);
    const none = await run("query", '{ name = "nothing" } | rate() by(name)');
    expect([none.exitCode, none.stderr]).toEqual([1, "no series in this range\n"]);
  });
});

describe("search", () => {
  it("gives one summary a line in a pipe, newest first, at most as many as asked for", async () => {
    const { exitCode, stdout } = await run("search", "--limit", "5");
    const starts = jsonLines<TraceSummaryJson>(stdout).map((trace) => BigInt(trace.startTimeUnixNano));
    expect(exitCode).toBe(0);
    expect(starts).toHaveLength(5);
    expect([...starts].sort((left, right) => (left < right ? 1 : -1))).toEqual(starts);
  });

  it("passes every condition on", async () => {
    const conditions = ["--service", "payment", "--operation", "POST /charge", "--min-duration", "400ms"];
    const more = ["--attribute", "http.route=/charge", "--root-service", "frontend", "--since", "1h"];
    const { stdout } = await run("search", ...conditions, ...more, "--limit", "100");
    const traces = jsonLines<TraceSummaryJson>(stdout);
    expect(traces.length).toBeGreaterThan(0);
    for (const trace of traces) {
      expect(trace.rootService).toBe("frontend");
      expect(trace.durationMs).toBeGreaterThanOrEqual(400);
    }
  });

  it("shows a table on a terminal, without colours when NO_COLOR is set", async () => {
    const { stdout } = await show("search", "--limit", "2");
    expect(stdout).toMatch(/^TRACE +START +ROOT +DURATION +SPANS +ERRORS +SERVICES\n/);
    expect(stdout).not.toContain("\u001b");
    const coloured = await runCommand(["search", "--server", shop.server.ui], { isTerminal: true });
    expect(coloured.stdout).toContain("\u001b[1m");
  });

  it("takes a query in TraceQL, and shows what it matched", async () => {
    const query =
      '{ resource.service.name = "frontend" } >> { resource.service.name = "payment" && duration > 1 }';
    const { stdout, stderr } = await run("search", query, "--limit", "3");
    const traces = jsonLines<FoundTraceJson>(stdout);
    expect(traces).toHaveLength(3);
    for (const { spansets } of traces)
      for (const span of spansets[0]?.spans ?? []) expect(span.serviceName).toBe("payment");
    expect(stderr).toBe("warning: a plain number is nanoseconds here, write `1ms` for milliseconds\n");
    const table = await show("search", query, "--limit", "1");
    expect(table.stdout).toMatch(
      /^TRACE +START +ROOT +DURATION +SPANS +ERRORS +MATCHED +FIRST MATCH +SERVICES\n/,
    );
    expect(table.stdout).toMatch(/ payment: POST \/charge /);
  });

  it("says where a query cannot be understood", async () => {
    const { exitCode, stderr } = await run("search", "{ duration > }");
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("line 1, column 14: expected");
  });

  it("ends with 1 and says so when nothing matches", async () => {
    expect(await run("search", "--service", "nobody")).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: "no trace matches\n",
    });
  });
});

describe("trace", () => {
  it("gives the API's answer on one line in a pipe", async () => {
    const { stdout } = await run("trace", purchase.traceId);
    const trace = JSON.parse(stdout);
    expect(trace.traceId).toBe(purchase.traceId);
    expect(trace.spans).toHaveLength(purchase.spanCount);
  });

  it("draws the waterfall on a terminal", async () => {
    const { stdout } = await show("trace", purchase.traceId);
    expect(stdout).toContain(`${purchase.traceId}  ${purchase.spanCount} spans, `);
    expect(stdout).toMatch(/\n\* {5}frontend: POST \/checkout +\d/);
    expect(stdout).toMatch(/payment: POST \/charge/);
    expect(stdout).toContain("* on the critical path");
  });

  it("counts the spans it does not show", async () => {
    const { stdout } = await show("trace", purchase.traceId, "--max-spans", "3");
    expect(stdout).toContain(`... ${purchase.spanCount - 3} more spans: --max-spans or --json shows them`);
  });

  it("tells an unknown trace (1) from a wrong id (2)", async () => {
    const unknown = await run("trace", "0123456789abcdef0123456789abcdef");
    expect(unknown).toMatchObject({ exitCode: 1, stdout: "" });
    expect(unknown.stderr).toMatch(/^tracagg: no trace 0123456789abcdef0123456789abcdef is stored/);
    expect(await run("trace", "12")).toMatchObject({ exitCode: 2 });
  });
});

describe("the other questions", () => {
  it("lists services, and the operations of one", async () => {
    const services = jsonLines<{ service: string }>((await run("services")).stdout);
    expect(services.map(({ service }) => service)).toEqual(
      expect.arrayContaining(["cart", "checkout", "frontend", "inventory", "payment", "shipping"]),
    );
    const operations = jsonLines((await run("services", "payment")).stdout);
    expect(operations).toContainEqual({ name: "POST /charge", kind: "SERVER" });
    expect(await run("services", "nobody")).toMatchObject({ exitCode: 1, stdout: "" });
  });

  it("lists attributes, and the values of one on the spans that match", async () => {
    const keys = jsonLines<{ level: string; key: string }>(
      (await run("attributes", "--level", "resource")).stdout,
    );
    expect(keys.map(({ level, key }) => [level, key])).toContainEqual(["resource", "service.name"]);
    const only = ["--where", '{ resource.service.name = "payment" }'];
    const values = jsonLines<{ value: string }>((await run("attributes", "service.name", ...only)).stdout);
    expect(values.map(({ value }) => value)).toEqual(["payment"]);
    expect(await run("attributes", "no.such.key")).toMatchObject({ exitCode: 1, stdout: "" });
    expect(await run("attributes", "--level", "spn")).toMatchObject({ exitCode: 2 });
  });

  it("shows the live graph and rate, errors, durations of operations", async () => {
    // Traces are complete, and their calls counted, some seconds after their last span.
    const edges = await vi.waitFor(
      async () => {
        const { exitCode, stdout } = await run("graph", "--focus", "payment");
        expect(exitCode).toBe(0);
        return jsonLines<GraphEdgeJson>(stdout);
      },
      { timeout: 20_000, interval: 250 },
    );
    expect(edges.map(({ from, to }) => `${from} > ${to}`)).toContain("checkout > payment");
    expect((await show("graph", "--level", "operation")).stdout).toMatch(
      /^checkout .* +payment POST \/charge +rpc /m,
    );
    const rows = jsonLines<RedRowJson>((await run("red", "--service", "payment")).stdout);
    expect(rows.map(({ operation }) => operation)).toContain("POST /charge");
    expect((await show("red", "--by", "kind")).stdout).toMatch(
      /^SERVICE +OPERATION +KIND +SPANS +PER SECOND/,
    );
    expect((await run("red", "--service", "nobody")).stderr).toBe("no spans in this range\n");
  });

  it("shows calls between instances, hosts and zones", async () => {
    const zones = await vi.waitFor(
      async () => {
        const { exitCode, stdout } = await run("topology", "--level", "zone", "--service", "cart");
        expect(exitCode).toBe(0);
        const edges = jsonLines<TopologyEdgeJson>(stdout);
        expect(edges.length).toBeGreaterThan(3);
        return edges;
      },
      { timeout: 20_000, interval: 250 },
    );
    expect(zones.map(({ from, to }) => `${from} > ${to}`)).toEqual(
      expect.arrayContaining(["zone/eu-west-1a > zone/eu-west-1b", "zone/eu-west-1a > service/redis"]),
    );
    const instances = await show("topology", "--callee-service", "cart", "--caller-service", "frontend");
    expect(instances.stdout).toMatch(/^FROM +TO +TYPE +CALLS +ERRORS +RETRIES +CLIENT P95/);
    expect(instances.stdout).toMatch(/^frontend frontend-7d9f-1 \(node-1[ab]\) +cart cart-7d9f-\d \(/m);
    const levels = ["--caller-level", "service", "--callee-level", "host"];
    const focused = await show("topology", ...levels, "--focus", "checkout", "--since", "1h");
    expect(focused.stdout).toMatch(/^checkout +node-1[ab] \(eu-west-1a\) +rpc /m);
    expect(await run("topology", "--service", "nobody")).toMatchObject({
      exitCode: 1,
      stderr: "no calls in this range\n",
    });
    expect((await run("topology", "--level", "planet")).exitCode).toBe(2);
  });

  it("shows dependencies as list, graph and DOT", async () => {
    const links = jsonLines((await run("dependencies")).stdout);
    expect(links).toContainEqual(
      expect.objectContaining({ fromService: "checkout", toService: "payment", type: "rpc" }),
    );
    const [graph] = jsonLines<Record<string, string[]>>(
      (await run("dependencies", "--format", "graph")).stdout,
    );
    expect(graph?.["kafka:orders"]).toEqual(["notification", "shipping"]);
    expect((await run("dependencies", "--format", "dot")).stdout).toMatch(
      /^digraph dependencies \{\n.*\n.*\n( {2}"[^"]+" -> "[^"]+" \[label="[^"]+"\];\n)+\}\n$/,
    );
    const zipkin = jsonLines((await run("dependencies", "--rules", "zipkin")).stdout);
    expect(zipkin).toContainEqual({
      parent: "checkout",
      child: "cart",
      callCount: expect.any(Number),
      errorCount: expect.any(Number),
    });
    expect((await show("dependencies", "--rules", "zipkin")).stdout).toMatch(/^FROM +TO +CALLS +ERRORS\n/);
    expect((await show("dependencies", "--format", "graph")).stdout).toMatch(/^checkout -> cart, /m);
  });

  it("shows the critical path, which the card gateway holds", async () => {
    const [path] = jsonLines<{ byOperation: { service: string; percentageOfTrace: number }[] }>(
      (await run("critical-path", purchase.traceId)).stdout,
    );
    expect(path?.byOperation[0]?.service).toBe("payment");
    expect((await show("critical-path", purchase.traceId)).stdout).toMatch(/^ *AT +TIME +SERVICE/);
  });

  it("shows statistics of services, then of traces", async () => {
    const rows = jsonLines<{ report: string }>((await run("stats", "--service", "cart")).stdout);
    expect(rows.map(({ report }) => report)).toEqual(["service", "performance"]);
    expect((await show("stats")).stdout).toMatch(/\n\d+ traces, [\d.]+% with errors\nmin /);
  });
});

describe("export and import", () => {
  it.each(["otlp", "jaeger", "zipkin"])("brings every span over in %s", async (format) => {
    const file = join(shop.folder, `traces.${format}`);
    const exported = await run("export", "--limit", "1000", "--format", format, "-o", file);
    expect(exported).toMatchObject({ exitCode: 0, stderr: "" });
    const sums = jsonLines<{ spanCount?: number }>((await run("stats")).stdout);
    const spans = sums.reduce((sum, { spanCount }) => sum + (spanCount ?? 0), 0);
    const other = await startMemoryServer(shop.folder);
    const imported = await runCommand(["import", file, "--server", other.ui]);
    const again = jsonLines<{ spanCount?: number }>(
      (await runCommand(["stats", "--server", other.ui])).stdout,
    );
    await other.stop();
    expect(imported).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(imported.stdout)).toMatchObject({ file, spans, refused: 0 });
    expect(again.reduce((sum, { spanCount }) => sum + (spanCount ?? 0), 0)).toBe(spans);
  });

  it("gives one trace as the API does", async () => {
    const { stdout } = await run("export", purchase.traceId, "--format", "zipkin");
    expect(JSON.parse(stdout)).toHaveLength(purchase.spanCount);
  });

  it("writes one document for several traces of Jaeger, and makes no file for none", async () => {
    const { stdout } = await run("export", "--service", "payment", "--limit", "2", "--format", "jaeger");
    expect(JSON.parse(stdout).data).toHaveLength(2);
    const file = join(shop.folder, "none.json");
    expect(await run("export", "--service", "nobody", "-o", file)).toMatchObject({ exitCode: 1 });
    expect(() => readFileSync(file)).toThrow(/ENOENT/);
  });

  it("says which document is not of a known format", async () => {
    const file = join(shop.folder, "wrong.json");
    writeFileSync(file, '{"resourceSpans":[]}\n{"a":1}\n');
    const { exitCode, stderr } = await run("import", file);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /wrong\.json, document at line 2: expected OTLP\/JSON .* Jaeger JSON .* Zipkin v2 JSON/,
    );
    expect(await run("import", join(shop.folder, "missing.json"))).toMatchObject({ exitCode: 1 });
  });

  it("counts spans whose ids are none, sends the others, and ends with 1", async () => {
    const file = join(shop.folder, "bad-id.json");
    const span = { traceId: "5b8efff798038103d269b633813fc60c", spanId: "eee19b7ec3c1b174", name: "good" };
    const spans = [span, { ...span, spanId: "00" }];
    writeFileSync(file, JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
    const other = await startMemoryServer(shop.folder);
    const { exitCode, stdout, stderr } = await runCommand(["import", file, "--server", other.ui]);
    await other.stop();
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ spans: 1, refused: 1 });
    expect(stderr).toMatch(/^1 span refused: .*span_?id/i);
  });
});

describe("a server that is not there", () => {
  it("ends with 3, names the address and how to start one", async () => {
    const closed = await startMemoryServer(shop.folder);
    await closed.stop();
    const commands = [
      [["services"], ""],
      [["demo", "--once", "1"], ""],
      // The history begins before the first answer is missed, so the counts are given.
      [["demo", "--once", "1", "--endpoint", closed.otlpHttp], '{"visits":1,"spans":0,"refused":0}\n'],
    ] as const;
    for (const [command, counts] of commands) {
      const { exitCode, stdout, stderr } = await runCommand([...command, "--server", closed.ui]);
      expect([exitCode, stdout]).toEqual([3, counts]);
      expect(stderr).toMatch(
        /no server answers at http:\/\/127\.0\.0\.1:\d+.* \(.*ECONNREFUSED.*\); start one with "tracagg start"/,
      );
    }
  });

  it("is told from another program's answer", async () => {
    const { exitCode, stderr } = await runCommand(["services", "--server", shop.server.otlpHttp]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/is it the address of another program\?/);
  });
});
