import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildSpan } from "../../helpers/trace-builder.ts";
import type { ApiServer } from "../api-fixture.ts";
import { checkoutSpans, startApi, workerSpan } from "../api-fixture.ts";
import { readMessage } from "./tempo-messages.ts";

/** Keys that need care in a path or in a query. */
const ODD = buildSpan("odd", {
  id: "odd",
  service: "odd",
  at: [1, 2],
  attributes: { "url/path": "/a/b", 'a "b".c': "quoted", "a%b": "percent", flag: true },
});

let api: ApiServer;
beforeAll(async () => {
  api = await startApi([checkoutSpans(), [ODD], [1, 2].map(workerSpan)]);
});
afterAll(() => api.stop());

interface Scope {
  readonly name: string;
  readonly tags: readonly string[];
}

interface Value {
  readonly type: string;
  readonly value: string;
}

const query = (parameters: Record<string, string>) => new URLSearchParams(parameters).toString();

async function scopes(
  parameters: Record<string, string> = {},
): Promise<Readonly<Record<string, readonly string[]>>> {
  const body = (await api.get(`/tempo/api/v2/search/tags?${query(parameters)}`)) as { scopes: Scope[] };
  return Object.fromEntries(body.scopes.map(({ name, tags }) => [name, [...tags].sort()]));
}

async function names(parameters: Record<string, string> = {}): Promise<readonly string[]> {
  const body = (await api.get(`/tempo/api/search/tags?${query(parameters)}`)) as { tagNames: string[] };
  return body.tagNames.toSorted();
}

async function values(tag: string, parameters: Record<string, string> = {}): Promise<readonly Value[]> {
  const path = `/tempo/api/v2/search/tag/${encodeURIComponent(tag)}/values?${query(parameters)}`;
  return ((await api.get(path)) as { tagValues: Value[] }).tagValues;
}

async function texts(tag: string, parameters: Record<string, string> = {}): Promise<readonly string[]> {
  return (await values(tag, parameters)).map(({ value }) => value).sort();
}

async function oldValues(tag: string, parameters: Record<string, string> = {}): Promise<readonly string[]> {
  const path = `/tempo/api/search/tag/${encodeURIComponent(tag)}/values?${query(parameters)}`;
  return ((await api.get(path)) as { tagValues: string[] }).tagValues.toSorted();
}

async function status(path: string): Promise<readonly [number, string]> {
  const answer = await api.fetch(`/tempo${path}`);
  return [answer.status, await answer.text()];
}

const SPAN_TAGS = [
  'a "b".c',
  "a%b",
  "card.number",
  "flag",
  "http.response.status_code",
  "list",
  "odd",
  "ratio",
  "raw",
  "url.query",
  "url/path",
];
const INTRINSICS = [
  "duration",
  "event:name",
  "event:timeSinceStart",
  "instrumentation:name",
  "instrumentation:version",
  "kind",
  "name",
  "rootName",
  "rootServiceName",
  "span:duration",
  "span:kind",
  "span:name",
  "span:status",
  "span:statusMessage",
  "status",
  "statusMessage",
  "trace:duration",
  "trace:rootName",
  "trace:rootService",
  "traceDuration",
];

describe("/api/v2/search/tags", () => {
  it("lists tags by scope, without the scope in front, and the intrinsics", async () => {
    expect(await scopes({ limit: "5000", start: "1699999990", end: "1700000090" })).toEqual({
      resource: ["service.name"],
      span: SPAN_TAGS,
      event: ["exception.type"],
      intrinsic: INTRINSICS,
    });
  });

  it("tells how far the answer is, as every answer does", async () => {
    const body = (await api.get("/tempo/api/v2/search/tags")) as { metrics: object };
    expect(body.metrics).toEqual({ totalJobs: 1, completedJobs: 1 });
  });

  it.each([
    ["resource", { resource: ["service.name"] }],
    ["span", { span: SPAN_TAGS }],
    ["event", { event: ["exception.type"] }],
    ["link", {}],
    ["instrumentation", {}],
    ["trace", {}],
    ["intrinsic", { intrinsic: INTRINSICS }],
    ["none", { resource: ["service.name"], span: SPAN_TAGS, event: ["exception.type"] }],
  ])("lists tags of the scope %s", async (scope, expected) => {
    expect(await scopes({ scope })).toEqual(expected);
  });

  it.each(["all", "Span", "x"])("refuses the scope %s", async (scope) => {
    expect(await status(`/api/v2/search/tags?scope=${scope}`)).toEqual([400, `invalid scope: ${scope}\n`]);
    expect(await status(`/api/search/tags?scope=${scope}`)).toEqual([400, `invalid scope: ${scope}\n`]);
  });

  it("lists tags of the spans that a query asks for", async () => {
    expect(await scopes({ q: '{ resource.service.name = "odd" }', scope: "span" })).toEqual({
      span: ['a "b".c', "a%b", "flag", "url/path"],
    });
  });

  it("answers unfiltered for a query that cannot be read", async () => {
    expect(await scopes({ q: "{ a b c", scope: "span" })).toEqual({ span: SPAN_TAGS });
  });

  it("keeps what is finished of a query that is being typed", async () => {
    expect(await scopes({ q: '{ resource.service.name = "odd" && span.b = }', scope: "span" })).toEqual({
      span: ['a "b".c', "a%b", "flag", "url/path"],
    });
  });

  it("has as many tags of each scope as the limit says", async () => {
    const limited = await scopes({ limit: "1" });
    expect([limited["resource"]?.length, limited["span"]?.length, limited["event"]?.length]).toEqual([
      1, 1, 1,
    ]);
    expect((await scopes({ limit: "0" }))["span"]).toEqual(SPAN_TAGS);
    expect((await scopes({ limit: "999999" }))["span"]).toEqual(SPAN_TAGS);
  });

  it.each(["limit=-1", "limit=x", "maxStaleValues=x", "start=1", "start=9&end=8"])(
    "refuses %s",
    async (parameters) => {
      expect((await status(`/api/v2/search/tags?${parameters}`))[0]).toBe(400);
      expect((await status(`/api/search/tag/x/values?${parameters}`))[0]).toBe(400);
    },
  );

  it("answers in protobuf too", async () => {
    const headers = { accept: "application/protobuf" };
    const answer = await api.fetch("/tempo/api/v2/search/tags?scope=resource", { headers });
    expect(readMessage("SearchTagsV2Response", new Uint8Array(await answer.arrayBuffer()))).toEqual({
      scopes: [{ name: "resource", tags: ["service.name"] }],
      metrics: { totalJobs: 1, completedJobs: 1 },
    });
  });
});

describe("/api/search/tags", () => {
  it("is one list of the tags of all scopes, each once, with intrinsics only when asked for", async () => {
    expect(await names()).toEqual([...SPAN_TAGS, "exception.type", "service.name"].sort());
    expect(await names({ scope: "intrinsic" })).toEqual(INTRINSICS);
    expect(await names({ scope: "resource" })).toEqual(["service.name"]);
  });

  it("ignores a query, also one that cannot be read", async () => {
    expect(await names({ q: '{ resource.service.name = "odd" }' })).toEqual(await names());
    expect(await names({ q: "{{{" })).toEqual(await names());
  });
});

describe("/api/v2/search/tag/{tag}/values", () => {
  it.each([
    ["span.http.response.status_code", [{ type: "int", value: "500" }]],
    ["span.ratio", [{ type: "float", value: "0.5" }]],
    ["span.flag", [{ type: "bool", value: "true" }]],
    ["span.card.number", [{ type: "int", value: "9007199254740993" }]],
    [".url.query", [{ type: "string", value: "a=b" }]],
    ["event.exception.type", [{ type: "string", value: "Declined" }]],
    ["event:name", [{ type: "string", value: "exception" }]],
    ["span.absent", []],
    ["span.raw", []],
    ["duration", []],
    ["nestedSetParent", []],
  ])("lists the values of %s with their types", async (tag, expected) => {
    expect(await values(tag)).toEqual(expected);
  });

  it("knows a tag by its scope, by a dot alone, and intrinsics by both names", async () => {
    const services = ["gateway", "odd", "payment", "worker"];
    expect(await texts("resource.service.name")).toEqual(services);
    expect(await texts(".service.name")).toEqual(services);
    expect(await texts("span.service.name")).toEqual([]);
    expect(await texts("name")).toEqual(["Charge", "GET /checkout", "charge", "job 1", "job 2", "odd"]);
    expect(await texts("span:name")).toEqual(await texts("name"));
    expect(await texts("rootServiceName")).toEqual(["gateway", "odd", "worker"]);
  });

  it("lists the words of a status and of a kind, whichever occur", async () => {
    const keywords = (...words: string[]) => words.map((value) => ({ type: "keyword", value }));
    expect(await values("status")).toEqual(keywords("unset", "ok", "error"));
    expect(await values("kind", { q: '{ name = "absent" }' })).toEqual(
      keywords("unspecified", "internal", "server", "client", "producer", "consumer"),
    );
  });

  it("refuses a bare key, and what is no field", async () => {
    expect(await status("/api/v2/search/tag/service.name/values")).toEqual([
      400,
      expect.stringContaining("did you mean `resource.service.name`?"),
    ]);
    for (const tag of ["x", "span.", "span.a b", "{", "span.a = 1", "%20"]) {
      expect((await status(`/api/v2/search/tag/${encodeURIComponent(tag)}/values`))[0]).toBe(400);
    }
  });

  it("takes slashes, quotes and percent signs in a tag, escaped or not", async () => {
    expect(await texts("span.url/path")).toEqual(["/a/b"]);
    expect(await api.get("/tempo/api/v2/search/tag/span.url/path/values")).toMatchObject({
      tagValues: [{ value: "/a/b" }],
    });
    expect(await texts('span."a \\"b\\".c"')).toEqual(["quoted"]);
    expect(await texts("span.a%b")).toEqual(["percent"]);
    expect((await status("/api/v2/search/tag/span.a%b/values"))[0]).toBe(400);
  });

  it("lists values of the spans that a query asks for, finished or not", async () => {
    const q = '{ resource.service.name = "worker" && name = }';
    expect(await texts("name", { q, limit: "5000" })).toEqual(["job 1", "job 2"]);
    expect(await texts("resource.service.name", { q: "{ name =~ `Ch.*` }" })).toEqual(["payment"]);
    expect(await texts("resource.service.name", { q: "nonsense" })).toHaveLength(4);
  });

  it("takes the broken text of Traces Drilldown", async () => {
    const q = '{resource.service.name!="" && true&& duration > }';
    expect(await texts("resource.service.name", { q })).toEqual(["gateway", "odd", "payment", "worker"]);
    expect(await texts("resource.service.name", { q: '{x!="" && true&& duration > }' })).toHaveLength(4);
    expect(await texts("name", { q: '{.absent!="" && true&& duration > }' })).toEqual([]);
  });

  it("lists as many as the limit says", async () => {
    expect(await texts("name", { limit: "2" })).toHaveLength(2);
  });

  it("answers in protobuf too", async () => {
    const headers = { accept: "application/protobuf" };
    const answer = await api.fetch("/tempo/api/v2/search/tag/span.flag/values", { headers });
    expect(readMessage("SearchTagValuesV2Response", new Uint8Array(await answer.arrayBuffer()))).toEqual({
      tagValues: [{ type: "bool", value: "true" }],
      metrics: { totalJobs: 1, completedJobs: 1 },
    });
  });
});

describe("/api/search/tag/{tag}/values", () => {
  it("takes keys without a scope, and lists texts", async () => {
    expect(await oldValues("service.name")).toEqual(["gateway", "odd", "payment", "worker"]);
    expect(await oldValues("http.response.status_code")).toEqual(["500"]);
    expect(await oldValues('a "b".c')).toEqual(["quoted"]);
    expect(await oldValues("url/path")).toEqual(["/a/b"]);
    expect(await oldValues("name")).toContain("job 1");
    expect(await oldValues("root.service.name")).toEqual(["gateway", "odd", "worker"]);
    expect(await oldValues("status.code")).toEqual(["error", "ok", "unset"]);
    expect(await oldValues("resource.service.name")).toEqual(["gateway", "odd", "payment", "worker"]);
  });

  it("ignores a query, also one that cannot be read", async () => {
    const q = '{ resource.service.name = "odd" }';
    expect(await oldValues("service.name", { q })).toHaveLength(4);
    expect(await oldValues("service.name", { q: "}" })).toHaveLength(4);
  });
});
