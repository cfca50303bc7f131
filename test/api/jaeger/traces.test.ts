import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { otlpJsonFromRows } from "../../../src/codec/otlp-json/encode.ts";
import { encodeSpans } from "../../../src/codec/otlp-protobuf/encode-request.ts";
import { OtlpRequestDecoder } from "../../../src/codec/otlp-protobuf/request-decoder.ts";
import { allRows } from "../../helpers/rows.ts";
import { buildSpan, spanIdOf, traceIdOf } from "../../helpers/trace-builder.ts";
import type { ApiServer } from "../api-fixture.ts";
import { CHECKOUT_ID, checkoutSpans } from "../api-fixture.ts";
import { JAEGER_SERVERS, startMemoryJaeger } from "./jaeger-servers.ts";

/** A 64-bit id, and a client and a server that share a span id, as Zipkin's tracers send them. */
const SHORT_ID = "00000000000000000123456789abcdef";
const SHARED = [
  buildSpan("shared", { id: "rpc", service: "web", kind: "CLIENT", at: [0, 10] }),
  buildSpan("shared", { id: "rpc", service: "app", kind: "SERVER", at: [2, 8] }),
  buildSpan("shared", { id: "local", parent: "rpc", service: "app", at: [3, 4] }),
].map((span) => ({ ...span, traceId: SHORT_ID }));

interface JaegerSpan {
  readonly spanID: string;
  readonly references: readonly { readonly spanID: string; readonly refType: string }[];
  readonly processID: string;
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
  readonly warnings: readonly string[] | null;
}

interface Answer {
  readonly data: readonly {
    readonly traceID: string;
    readonly spans: readonly JaegerSpan[];
    readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
  }[];
  readonly errors: unknown;
}

function base64Of(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64");
}

describe.each(JAEGER_SERVERS)("Reading a trace over %s", (_name, start) => {
  let api: ApiServer;
  const trace = async (id: string, parameters = ""): Promise<Answer> =>
    (await api.get(`/api/traces/${id}${parameters}`)) as Answer;
  beforeAll(async () => {
    api = await start([checkoutSpans(), SHARED.slice(0, 1), SHARED.slice(1)]);
  });
  afterAll(() => api.stop());

  it("gives it in the envelope, with its processes", async () => {
    const answer = await trace(CHECKOUT_ID);
    expect(answer).toMatchObject({ total: 0, limit: 0, offset: 0, errors: null });
    expect(answer.data).toHaveLength(1);
    const { spans, processes, traceID } = answer.data[0] as Answer["data"][number];
    expect(traceID).toBe(CHECKOUT_ID);
    expect(spans.map(({ spanID }) => spanID)).toEqual(["root", "call", "charge"].map(spanIdOf));
    expect(spans.map(({ processID }) => processes[processID]?.serviceName)).toEqual([
      "gateway",
      "gateway",
      "payment",
    ]);
    expect(spans[2]?.references[0]).toEqual({
      refType: "CHILD_OF",
      traceID: CHECKOUT_ID,
      spanID: spanIdOf("call"),
    });
  });

  it.each([
    ["upper case", CHECKOUT_ID.toUpperCase()],
    ["base64", encodeURIComponent(base64Of(CHECKOUT_ID))],
    ["base64 without padding", encodeURIComponent(base64Of(CHECKOUT_ID).replace(/=+$/, ""))],
    ["base64 for addresses", Buffer.from(CHECKOUT_ID, "hex").toString("base64url")],
  ])("takes its id in %s", async (_form, id) => {
    expect((await trace(id)).data[0]?.traceID).toBe(CHECKOUT_ID);
  });

  it("writes a 64-bit id with 16 digits, and takes it with fewer, or as base64 of eight bytes", async () => {
    for (const id of [
      "0123456789abcdef",
      "123456789abcdef",
      encodeURIComponent(base64Of("0123456789abcdef")),
    ]) {
      expect((await trace(id)).data[0]?.traceID).toBe("0123456789abcdef");
    }
  });

  it("tells a server apart that shares its client's id, unless it is asked for raw", async () => {
    const linksOf = ({ data }: Answer) =>
      data[0]?.spans.map(({ spanID, references }) => [spanID, references[0]?.spanID]);
    const server = "0000000000000001";
    expect(linksOf(await trace(SHORT_ID))).toEqual([
      [spanIdOf("rpc"), undefined],
      [server, spanIdOf("rpc")],
      [spanIdOf("local"), server],
    ]);
    expect(linksOf(await trace(SHORT_ID, "?raw=true"))).toEqual([
      [spanIdOf("rpc"), undefined],
      [spanIdOf("rpc"), undefined],
      [spanIdOf("local"), spanIdOf("rpc")],
    ]);
  });

  it("takes hints of its time without needing them", async () => {
    expect((await trace(CHECKOUT_ID, "?start=1&end=2")).data).toHaveLength(1);
  });

  it.each([
    ["aaaa", 404, "trace not found"],
    ["0", 404, "trace not found"],
    ["xyz", 400, 'strconv.ParseUint: parsing "xyz": invalid syntax'],
    [
      "0123456789abcdef0123456789abcdef0",
      400,
      "TraceID cannot be longer than 32 hex characters: 0123456789abcdef0123456789abcdef0",
    ],
    ["1?start=x", 400, "unable to parse param 'start': strconv.ParseInt: parsing \"x\": invalid syntax"],
    ["1?end=x", 400, "unable to parse param 'end': strconv.ParseInt: parsing \"x\": invalid syntax"],
    ["1?raw=x", 400, "unable to parse param 'raw': strconv.ParseBool: parsing \"x\": invalid syntax"],
  ])("answers %s with %i", async (id, code, msg) => {
    const response = await api.fetch(`/api/traces/${id}`);
    expect(response.status).toBe(code);
    expect(JSON.parse(await response.text())).toEqual({
      data: null,
      total: 0,
      limit: 0,
      offset: 0,
      errors: [{ code, msg }],
    });
  });
});

describe("The legacy API", () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startMemoryJaeger([checkoutSpans()]);
  });
  afterAll(() => api.stop());

  it("lists services, operations with their kinds, and names of operations", async () => {
    const rest = { limit: 0, offset: 0, errors: null };
    expect(await api.get("/api/services")).toEqual({ data: ["gateway", "payment"], total: 2, ...rest });
    expect(await api.get("/api/operations?service=gateway")).toEqual({
      data: [
        { name: "GET /checkout", spanKind: "server" },
        { name: "charge", spanKind: "client" },
      ],
      total: 2,
      ...rest,
    });
    expect(await api.get("/api/operations?service=gateway&spanKind=client")).toMatchObject({
      data: [{ name: "charge", spanKind: "client" }],
      total: 1,
    });
    expect(await api.get("/api/services/gateway/operations")).toEqual({
      data: ["GET /checkout", "charge"],
      total: 2,
      ...rest,
    });
    expect(await api.get("/api/services/a%2Fb/operations")).toMatchObject({ data: [], total: 0 });
  });

  it("asks for the service of operations", async () => {
    const response = await api.fetch("/api/operations");
    expect([response.status, await response.text()]).toEqual([
      400,
      '{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":400,"msg":"parameter \'service\' is required"}]}\n',
    ]);
  });

  it("counts calls between services in a range of milliseconds", async () => {
    const calls = [{ parent: "gateway", child: "payment", callCount: 1 }];
    const dependencies = async (parameters: string) =>
      ((await api.get(`/api/dependencies${parameters}`)) as { readonly data: unknown }).data;
    expect(await dependencies("")).toEqual(calls);
    expect(await dependencies("?endTs=1700000001000&lookback=1000")).toEqual(calls);
    expect(await dependencies("?endTs=1700000001000&lookback=999")).toEqual([]);
    expect(await dependencies("?service=payment")).toEqual(calls);
    expect(await dependencies("?service=nobody")).toEqual([]);
    for (const name of ["endTs", "lookback"]) {
      const response = await api.fetch(`/api/dependencies?${name}=x`);
      expect(response.status).toBe(400);
      expect(await response.text()).toContain(`unable to parse param '${name}': strconv.ParseInt`);
    }
  });

  it("turns OTLP/JSON into Jaeger JSON without changing it", async () => {
    const { batch } = new OtlpRequestDecoder().decode(encodeSpans(checkoutSpans()));
    const body = otlpJsonFromRows(allRows(batch));
    const response = await api.fetch("/api/transform", { method: "POST", body });
    expect(response.status).toBe(200);
    const raw = (await api.get(`/api/traces/${CHECKOUT_ID}?raw=1`)) as Answer;
    expect(await response.json()).toEqual(raw);
  });

  it("refuses what is no OTLP/JSON to be turned", async () => {
    const response = await api.fetch("/api/transform", { method: "POST", body: "{" });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('"msg":"cannot unmarshal OTLP : ');
  });

  it("answers as Jaeger without a second storage when a trace is to be archived", async () => {
    const response = await api.fetch(`/api/archive/${CHECKOUT_ID}`, { method: "POST" });
    expect(response.status).toBe(500);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(await response.text()).toContain('"msg":"archive span storage was not configured"');
    expect((await api.fetch("/api/archive/xyz", { method: "POST" })).status).toBe(400);
  });

  it.each(["/api/services", `/api/traces/${CHECKOUT_ID}`, "/api/metrics/calls?service=gateway"])(
    "lays %s out for people when asked to",
    async (path) => {
      const value: unknown = await api.get(path);
      const separator = path.includes("?") ? "&" : "?";
      const text = async (pretty: string) =>
        await (await api.fetch(`${path}${separator}prettyPrint=${pretty}`)).text();
      expect(await text("true")).toBe(JSON.stringify(value, null, 4));
      expect(await text("1")).toBe(JSON.stringify(value, null, 4));
      expect(await text("false")).toBe(JSON.stringify(value));
      expect(await text("")).toBe(JSON.stringify(value));
    },
  );

  it("names in every answer the trace it would be of: the caller's, or one of its own", async () => {
    const own = /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/;
    for (const path of ["/api/services", "/api/traces/xyz", "/api/nothing"]) {
      expect((await api.fetch(path)).headers.get("traceresponse")).toMatch(own);
    }
    const traceparent = `00-${traceIdOf("caller")}-${spanIdOf("caller")}-01`;
    const { headers } = await api.fetch("/api/services", { headers: { traceparent } });
    expect(headers.get("traceresponse")?.slice(3, 35)).toBe(traceIdOf("caller"));
  });

  it("refuses unknown paths as Jaeger does, and leaves those of the native API alone", async () => {
    const unknown = await api.fetch("/api/nothing");
    expect([unknown.status, unknown.headers.get("content-type"), await unknown.text()]).toEqual([
      404,
      "text/plain; charset=utf-8",
      "404 page not found\n",
    ]);
    const native = await api.fetch("/api/v1/nothing");
    expect([native.status, native.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
    expect((await api.fetch("/api")).headers.get("content-type")).toContain("text/html");
    expect((await api.fetch("/api/v1/services")).status).toBe(200);
  });

  it("is under /jaeger too", async () => {
    expect(await api.get("/jaeger/api/services")).toMatchObject({ total: 2 });
    expect((await api.fetch("/jaeger/api/nothing")).status).toBe(404);
    expect((await api.fetch("/jaeger/search")).status).toBe(404);
  });
});
