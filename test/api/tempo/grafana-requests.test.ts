/** What Grafana's Tempo data source and Traces Drilldown send, in the order they send it. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildSpan, spanIdOf, traceIdOf } from "../../helpers/trace-builder.ts";
import type { ApiServer } from "../api-fixture.ts";
import { CHECKOUT_ID, checkoutSpans, startApi, workerSpan } from "../api-fixture.ts";
import { readMessage } from "./tempo-messages.ts";

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
beforeAll(async () => {
  api = await startApi([checkoutSpans(), [FAILED], BLAMED, [1, 2].map(workerSpan)]);
});
afterAll(() => api.stop());

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

const listed = (name: string): string => traceIdOf(name).replace(/^0+/, "");

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

  it("hears where a half-typed query is broken", async () => {
    const q = encodeURIComponent('{nestedSetParent<0 && resource.service.name != "" && true&& duration > }');
    const answer = await api.fetch(`/tempo/api/search?q=${q}`);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toMatch(/^line 1, column 72: expected /);
  });
});
