/** What Grafana's Tempo data source and Traces Drilldown send, in the order they send it. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildSpan, spanIdOf, traceIdOf } from "../../helpers/trace-builder.ts";
import type { ApiServer } from "../api-fixture.ts";
import { CHECKOUT_ID, checkoutSpans, workerSpan } from "../api-fixture.ts";
import { readMessage } from "./tempo-messages.ts";
import { TEMPO_SERVERS } from "./tempo-servers.ts";

/** One root that failed, with nothing below it. */
const FAILED = buildSpan("failed", {
  id: "failed-root",
  service: "cron",
  at: [2_000, 2_010],
  status: "ERROR",
});
/** A root that failed because of what it called. */
const BLAMED = [
  buildSpan("blamed", { id: "blamed-root", service: "web", at: [1_000, 1_100], status: "ERROR" }),
  buildSpan("blamed", { id: "blamed-call", parent: "blamed-root", service: "web", at: [1_010, 1_090] }),
  buildSpan("blamed", {
    id: "blamed-db",
    parent: "blamed-call",
    service: "db",
    at: [1_020, 1_080],
    status: "ERROR",
  }),
];

let api: ApiServer;

interface Found {
  readonly traceID: string;
  readonly spanSets: readonly {
    readonly matched: number;
    readonly spans: readonly { readonly spanID: string; readonly attributes?: readonly Attribute[] }[];
  }[];
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, string>>;
}

async function search(q: string, more: Record<string, string>): Promise<readonly Found[]> {
  const parameters = new URLSearchParams({ q, start: "1699998200", end: "1700001800", ...more });
  return ((await api.get(`/tempo/api/search?${parameters.toString()}`)) as { traces: readonly Found[] })
    .traces;
}

interface Charted {
  readonly labels: readonly Attribute[];
  readonly samples: readonly { readonly timestampMs: string; readonly value?: number }[];
  readonly exemplars?: readonly { readonly labels: readonly Attribute[] }[];
}

async function charted(q: string, more: Record<string, string> = {}): Promise<readonly Charted[]> {
  const range = { start: "1699999990", end: "1700000010", step: "5", ...more };
  const parameters = new URLSearchParams({ q, ...range });
  const path = `/tempo/api/metrics/query_range?${parameters.toString()}`;
  return ((await api.get(path)) as { readonly series: readonly Charted[] }).series;
}

async function tagValues(tag: string, parameters: string): Promise<readonly string[]> {
  const path = `/tempo/api/v2/search/tag/${encodeURIComponent(tag)}/values?${parameters}`;
  const { tagValues: values } = (await api.get(path)) as {
    readonly tagValues: readonly { readonly value: string }[];
  };
  return values.map(({ value }) => value);
}

function sumOf(samples: Charted["samples"]): number {
  return samples.reduce((sum, { value = 0 }) => sum + value, 0);
}

/** Sums of the samples by the value of a label, times the step: spans, for rates. */
function spansBy(series: readonly Charted[], label: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    series.map(({ labels, samples }) => {
      const value = labels.find(({ key }) => key === label)?.value ?? {};
      return [Object.values(value)[0] ?? "", Math.round(sumOf(samples) * 5)];
    }),
  );
}

const listed = (name: string): string => traceIdOf(name).replace(/^0+/, "");

describe.each(TEMPO_SERVERS)("over %s", (_name, start) => {
  beforeAll(async () => {
    api = await start([checkoutSpans(), [FAILED], BLAMED, [1, 2].map(workerSpan)]);
  });
  afterAll(() => api.stop());

  describe("Grafana's Tempo data source", () => {
    it("is saved and tested with an echo", async () => {
      const answer = await api.fetch("/tempo/api/echo");
      expect([answer.status, await answer.text()]).toEqual([200, "echo"]);
    });

    it("turns features on by the version of the build", async () => {
      const build = (await api.get("/tempo/api/status/buildinfo")) as Record<string, string>;
      expect(Object.keys(build)).toEqual([
        "version",
        "revision",
        "branch",
        "buildDate",
        "buildUser",
        "goVersion",
      ]);
      expect(Number(build["version"]?.split(".")[0])).toBeGreaterThanOrEqual(2);
    });

    it("searches, then opens a trace it found, in protobuf with the range of the panel", async () => {
      const [found] = await search('{ resource.service.name = "payment" }', { limit: "20", spss: "3" });
      expect(found?.traceID).toBe(CHECKOUT_ID.replace(/^0+/, ""));
      const headers = { accept: "application/protobuf" };
      const path = `/traces/${found?.traceID}?start=1699998200&end=1700001800`;
      const answer = await api.fetch(`/tempo/api/v2${path}`, { headers });
      const { trace } = readMessage("TraceByIDResponse", new Uint8Array(await answer.arrayBuffer())) as {
        readonly trace: { readonly resourceSpans: readonly object[] };
      };
      expect(trace.resourceSpans).toHaveLength(2);
      const bare = await api.fetch(`/tempo/api${path}`, { headers });
      expect(readMessage("Trace", new Uint8Array(await bare.arrayBuffer()))).toEqual(trace);
    });

    it("fills its lists of tags and of values, narrowed by what was chosen before", async () => {
      const range = "start=1699998200&end=1700001800";
      const { scopes } = (await api.get(`/tempo/api/v2/search/tags?limit=5000&${range}`)) as {
        readonly scopes: readonly { readonly name: string; readonly tags: readonly string[] }[];
      };
      expect(scopes.map(({ name }) => name)).toEqual(["resource", "span", "event", "intrinsic"]);
      expect(scopes[1]?.tags).toContain("http.response.status_code");
      const q = encodeURIComponent('{resource.service.name="gateway"}');
      const names = await tagValues("name", `q=${q}&limit=5000&${range}`);
      expect(names.toSorted()).toEqual(["GET /checkout", "charge"]);
      expect(await tagValues("resource.service.name", `limit=5000&${range}`)).toHaveLength(6);
      expect(await tagValues("status", "limit=5000")).toEqual(["unset", "ok", "error"]);
    });

    it("charts a query with a step of its choice", async () => {
      const series = await charted("{ status = error } | rate() by(resource.service.name)", { step: "10s" });
      expect(series.map(({ labels, samples }) => [labels[0]?.value, sumOf(samples) * 10])).toEqual([
        [{ stringValue: "cron" }, 1],
        [{ stringValue: "db" }, 1],
        [{ stringValue: "payment" }, 1],
        [{ stringValue: "web" }, 1],
      ]);
    });

    it("hears 404 of the first version for a trace that is not there", async () => {
      const headers = { accept: "application/protobuf" };
      const absent = `traces/${traceIdOf("absent")}?start=1699998200&end=1700001800`;
      expect((await api.fetch(`/tempo/api/v2/${absent}`, { headers })).status).toBe(200);
      expect((await api.fetch(`/tempo/api/${absent}`, { headers })).status).toBe(404);
    });
  });

  describe("Traces Drilldown", () => {
    it("lists traces by their roots", async () => {
      const found = await search(
        "{nestedSetParent<0 && true && duration > 50ms} | select(resource.service.name, kind)",
        {
          limit: "200",
          spss: "10",
        },
      );
      expect(found.map(({ traceID }) => traceID)).toEqual([listed("blamed"), CHECKOUT_ID.replace(/^0+/, "")]);
      expect(found[1]?.spanSets[0]?.spans[0]?.attributes).toEqual([
        { key: "nestedSetParent", value: { intValue: "-1" } },
        { key: "service.name", value: { stringValue: "gateway" } },
        { key: "kind", value: { stringValue: "server" } },
      ]);
    });

    it("takes `resource.service.name != nil`, which its groupings send", async () => {
      const found = await search("{nestedSetParent<0 && true && resource.service.name != nil}", {
        limit: "200",
      });
      expect(found).toHaveLength(5);
    });

    it("draws the structure of failures: roots with failed spans below, and roots alone", async () => {
      const q =
        "({nestedSetParent<0 && true  && status = error} &>> { status = error }) || ({nestedSetParent<0 && true  && status = error}) | select(status, resource.service.name, name, nestedSetParent, nestedSetLeft, nestedSetRight)";
      const found = await search(q, { limit: "200", spss: "20" });
      expect(found.map(({ traceID }) => traceID)).toEqual([listed("failed"), listed("blamed")]);
      const spans = found[1]?.spanSets[0]?.spans ?? [];
      const attributesOf = (id: string) =>
        Object.fromEntries(
          spans
            .find(({ spanID }) => spanID === spanIdOf(id))
            ?.attributes?.map(({ key, value }) => [key, value]) ?? [],
        );
      expect(spans).toHaveLength(2);
      expect(attributesOf("blamed-root")).toEqual({
        status: { stringValue: "error" },
        "service.name": { stringValue: "web" },
        nestedSetParent: { intValue: "-1" },
        nestedSetLeft: { intValue: "1" },
        nestedSetRight: { intValue: "6" },
      });
      expect(attributesOf("blamed-db")).toMatchObject({
        nestedSetParent: { intValue: "2" },
        nestedSetLeft: { intValue: "3" },
        nestedSetRight: { intValue: "4" },
      });
    });

    it("lists exceptions, the newest first", async () => {
      const q =
        "{status = error && true} | select(resource.service.name, event.exception.message,event.exception.stacktrace,event.exception.type) with(most_recent=true)";
      const found = await search(q, { limit: "400", spss: "10" });
      expect(found).toHaveLength(3);
      expect(found.at(-1)?.spanSets[0]?.spans[0]?.attributes).toContainEqual({
        key: "exception.type",
        value: { stringValue: "Declined" },
      });
    });

    it("loads its attributes, and values for a filter that is being typed", async () => {
      expect(await api.get("/tempo/api/v2/search/tags?limit=5000")).toMatchObject({
        scopes: [{ name: "resource", tags: ["service.name"] }, {}, {}, { name: "intrinsic" }],
      });
      const q = encodeURIComponent('{resource.service.name!="" && true&& duration > }');
      const services = await tagValues("resource.service.name", `q=${q}&limit=5000`);
      expect(services.toSorted()).toEqual(["cron", "db", "gateway", "payment", "web", "worker"]);
      const broken = encodeURIComponent('{x!="" && true&& duration > }');
      expect((await tagValues("resource.service.name", `q=${broken}&limit=5000`)).toSorted()).toEqual(
        services.toSorted(),
      );
    });

    it("charts rates, errors and durations of root spans", async () => {
      const rate = await charted("{nestedSetParent<0 && true} | rate()  with(sample=true)");
      expect(spansBy(rate, "__name__")).toEqual({ rate: 5 });
      expect(rate[0]?.exemplars).toHaveLength(5);
      const errors = await charted("{nestedSetParent<0 && true && status=error} | rate()  with(sample=true)");
      expect(spansBy(errors, "__name__")).toEqual({ rate: 2 });
      const durations = await charted(
        "{nestedSetParent<0 && true} | histogram_over_time(duration) with(sample=true)",
      );
      // Roots of 1, 2, 10 and twice 100 ms: the next powers of two, in nanoseconds, are 20, 21, 24 and 27.
      expect(durations.map(({ labels, samples }) => [labels[0]?.value, sumOf(samples)])).toEqual(
        [20, 21, 24, 27].map((power) => [{ doubleValue: 2 ** power / 1e9 }, power === 27 ? 2 : 1]),
      );
    });

    it("breaks rates, errors and durations down by an attribute", async () => {
      const by = "resource.service.name";
      const rates = await charted(`{nestedSetParent<0 && true && ${by} != nil} | rate() by(${by})`);
      expect(spansBy(rates, by)).toEqual({ cron: 1, gateway: 1, web: 1, worker: 2 });
      const errors = await charted(
        `{nestedSetParent<0 && true && status=error && ${by} != nil} | rate() by(${by})`,
      );
      expect(spansBy(errors, by)).toEqual({ cron: 1, web: 1 });
      const slowest = await charted(
        `{nestedSetParent<0 && true && ${by} != nil} | quantile_over_time(duration, 0.9) by(${by})`,
      );
      expect(slowest.map(({ labels }) => labels)).toEqual(
        ["cron", "gateway", "web", "worker"].map((stringValue) => [
          { key: by, value: { stringValue } },
          { key: "p", value: { doubleValue: 0.9 } },
        ]),
      );
    });

    it("compares failed and slow root spans with the others, over the whole range at once", async () => {
      const totals = (series: readonly Charted[], side: string, label: string) =>
        series
          .filter(({ labels }) => labels.some(({ value }) => value["stringValue"] === side))
          .filter(({ labels }) => labels.some(({ key }) => key === label))
          .map(({ samples }) => sumOf(samples));
      const failed = await charted("{nestedSetParent<0 && true} | compare({status = error}, 10)", {
        step: "20",
      });
      expect(totals(failed, "selection_total", "resource.service.name")).toEqual([2]);
      expect(totals(failed, "baseline_total", "resource.service.name")).toEqual([3]);
      const chosen = ["1700000000999999999", "1700000003000000000"];
      const slow = await charted(
        `{nestedSetParent<0 && true} | compare({duration >= 50ms && duration <= 3s}, 10, ${chosen.join(", ")})`,
        { step: "20" },
      );
      // The trace of the checkout is slow too, but began before what was chosen.
      expect(totals(slow, "selection_total", "resource.service.name")).toEqual([1]);
      expect(totals(slow, "baseline_total", "resource.service.name")).toEqual([4]);
    });

    it("hears where a half-typed query is broken", async () => {
      const q = encodeURIComponent(
        '{nestedSetParent<0 && resource.service.name != "" && true&& duration > }',
      );
      const answer = await api.fetch(`/tempo/api/search?q=${q}`);
      expect(answer.status).toBe(400);
      expect(await answer.text()).toMatch(/^line 1, column 72: expected /);
    });
  });
});
