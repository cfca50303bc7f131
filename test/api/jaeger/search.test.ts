import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildSpan, spanIdOf, traceIdOf } from "../../helpers/trace-builder.ts";
import type { ApiServer } from "../api-fixture.ts";
import { CHECKOUT_ID, checkoutSpans, workerSpan } from "../api-fixture.ts";
import { JAEGER_SERVERS, startMemoryJaeger } from "./jaeger-servers.ts";

/** A cache that answers with a text where others answer with numbers. */
const CACHED = buildSpan("cached", {
  id: "cached",
  service: "cache",
  name: "get",
  kind: "CLIENT",
  at: [500, 501.5],
  attributes: { "http.response.status_code": "500", hit: true, "cache.key": "cart:7" },
  resourceAttributes: { region: "eu" },
});

const REQUESTS = [checkoutSpans(), [workerSpan(1)], [workerSpan(2)], [CACHED]];

/** 2023-11-14T22:13:20Z, when the traces begin, in microseconds. */
const START_MICROS = 1_700_000_000_000_000;

interface Found {
  readonly traceID: string;
  readonly spans: readonly { readonly operationName: string; readonly spanID: string }[];
}

async function found(api: ApiServer, parameters: string): Promise<readonly string[]> {
  const { data } = (await api.get(`/api/traces?${parameters}`)) as { readonly data: readonly Found[] };
  return data.map(({ traceID }) => traceID);
}

describe.each(JAEGER_SERVERS)("Searching over %s", (_name, start) => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await start(REQUESTS);
  });
  afterAll(() => api.stop());

  it("finds the traces of a service, newest first, each of them whole", async () => {
    expect(await found(api, "service=worker")).toEqual([traceIdOf("job-2"), traceIdOf("job-1")]);
    const { data } = (await api.get("/api/traces?service=payment")) as { readonly data: readonly Found[] };
    expect(data.map(({ spans }) => spans.map(({ operationName }) => operationName))).toEqual([
      ["GET /checkout", "charge", "Charge"],
    ]);
  });

  it.each([
    ["an operation of it", "service=payment&operation=Charge", [CHECKOUT_ID]],
    ["an operation of another service", "service=payment&operation=charge", []],
    ["a number, asked for as text", "service=payment&tag=http.response.status_code:500", [CHECKOUT_ID]],
    [
      "a text that reads as a number",
      "service=cache&tag=http.response.status_code:500",
      [traceIdOf("cached")],
    ],
    ["a truth value", "service=cache&tag=hit:true", [traceIdOf("cached")]],
    ["a tag of the resource", "service=cache&tag=region:eu", [traceIdOf("cached")]],
    ["a value with colons", "service=cache&tag=cache.key:cart:7", [traceIdOf("cached")]],
    ["two tags on one span", "service=cache&tag=hit:true&tag=region:eu", [traceIdOf("cached")]],
    ["two tags of which one is wrong", "service=cache&tag=hit:true&tag=region:us", []],
    [
      "tags as JSON",
      `service=cache&tags=${encodeURIComponent('{"hit":"true","region":"eu"}')}`,
      [traceIdOf("cached")],
    ],
    [
      "tags in JSON winning over others",
      `service=cache&tag=region:eu&tags=${encodeURIComponent('{"region":"us"}')}`,
      [],
    ],
    ["an error", "service=payment&tag=error:true", [CHECKOUT_ID]],
    ["no error", "service=gateway&tag=error:true", []],
    ["a kind", "service=payment&tag=span.kind:server", [CHECKOUT_ID]],
    ["a status", "service=payment&tag=otel.status_code:ERROR", [CHECKOUT_ID]],
    ["a status message", "service=payment&tag=otel.status_description:declined", [CHECKOUT_ID]],
    ["spans that last long enough", "service=payment&minDuration=60ms", [CHECKOUT_ID]],
    ["spans that do not", "service=payment&minDuration=60001us", []],
    ["spans that last no longer", "service=cache&maxDuration=1.5ms", [traceIdOf("cached")]],
    ["spans that do", "service=cache&maxDuration=1499us", []],
    ["a range that begins with the trace", `service=payment&start=${START_MICROS}`, [CHECKOUT_ID]],
    ["a range that begins later", `service=payment&start=${START_MICROS + 1}`, []],
    ["a range that ends before it", `service=payment&end=${START_MICROS}`, []],
    ["a range that ends after it", `service=payment&end=${START_MICROS + 1}`, [CHECKOUT_ID]],
    ["a range that ends before it begins", `service=payment&start=2&end=1`, []],
    ["the newest ones only", "service=worker&limit=1", [traceIdOf("job-2")]],
    ["a service that nobody knows", "service=nobody", []],
  ])("finds %s", async (_what, parameters, ids) => {
    expect(await found(api, parameters)).toEqual(ids);
  });

  it("looks two days back when no range is given", async () => {
    const old = await start([[buildSpan("old", { id: "old", at: [-2 * 86_400_000 + 59_000, 0] })]]);
    expect(await found(old, "service=service")).toEqual([]);
    expect(await found(old, "service=service&start=0")).toEqual([traceIdOf("old")]);
    await old.stop();
  });

  it("gives traces by id in the order asked for, and names those that are missing, with 200", async () => {
    const absent = "00000000000000001111111111111111";
    const asked = [traceIdOf("job-1"), absent, CHECKOUT_ID].map((id) => `traceID=${id}`).join("&");
    const answer = (await api.get(`/api/traces?${asked}`)) as { readonly data: readonly Found[] };
    expect(answer).toMatchObject({
      data: [{ traceID: traceIdOf("job-1") }, { traceID: CHECKOUT_ID }],
      errors: [{ msg: "trace not found", traceID: "1111111111111111" }],
    });
  });
});

describe("Refusals of a search", () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startMemoryJaeger(REQUESTS);
  });
  afterAll(() => api.stop());

  it.each([
    ["", "parameter 'service' is required"],
    ["service=", "parameter 'service' is required"],
    ["service=a&start=x", "unable to parse param 'start': strconv.ParseInt: parsing \"x\": invalid syntax"],
    ["service=a&end=1.5", "unable to parse param 'end': strconv.ParseInt: parsing \"1.5\": invalid syntax"],
    [
      "service=a&end=9223372036854775808",
      "unable to parse param 'end': strconv.ParseInt: parsing \"9223372036854775808\": value out of range",
    ],
    ["service=a&tag=x", "malformed 'tag' parameter, expecting key:value, received: x"],
    ["service=a&limit=x", 'strconv.ParseInt: parsing "x": invalid syntax'],
    ["service=a&limit=2147483648", 'strconv.ParseInt: parsing "2147483648": value out of range'],
    ["service=a&limit=0", "'limit' should be from 1 to 10000, received: 0"],
    ["service=a&minDuration=x", "unable to parse param 'minDuration': time: invalid duration \"x\""],
    ["service=a&minDuration=5", "unable to parse param 'minDuration': time: missing unit in duration \"5\""],
    [
      "service=a&maxDuration=5d",
      'unable to parse param \'maxDuration\': time: unknown unit "d" in duration "5d"',
    ],
    ["service=a&minDuration=2s&maxDuration=1s", "'maxDuration' should be greater than 'minDuration'"],
    ["service=a&raw=yes", "unable to parse param 'raw': strconv.ParseBool: parsing \"yes\": invalid syntax"],
    ["traceID=zz", 'cannot parse traceID param: strconv.ParseUint: parsing "zz": invalid syntax'],
  ])("answers %s with its message", async (parameters, msg) => {
    const response = await api.fetch(`/api/traces?${parameters}`);
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    const envelope = { data: null, total: 0, limit: 0, offset: 0, errors: [{ code: 400, msg }] };
    expect(await response.text()).toBe(`${JSON.stringify(envelope)}\n`);
  });

  it.each([
    ["no JSON", "{"],
    ["a list", "[]"],
    ["values that are no strings", '{"a":1}'],
  ])("says that tags are malformed when they are %s", async (_what, tags) => {
    const response = await api.fetch(`/api/traces?service=a&tags=${encodeURIComponent(tags)}`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("malformed 'tags' parameter, cannot unmarshal JSON: ");
  });

  it("tells a wrong range before a missing service, as Jaeger reads them", async () => {
    expect(await (await api.fetch("/api/traces?start=x")).text()).toContain("param 'start'");
  });
});

describe("Traces in an answer of a search", () => {
  it("have sorted attributes unless they are asked for raw", async () => {
    const spans = [buildSpan("sorted", { id: "s", at: [0, 1], attributes: { b: "1", a: "2" } })];
    const api = await startMemoryJaeger([spans]);
    const keysOf = async (parameters: string) => {
      const answer = (await api.get(`/api/traces?service=service${parameters}`)) as {
        readonly data: readonly {
          readonly spans: readonly { readonly tags: readonly { readonly key: string }[] }[];
        }[];
      };
      return answer.data[0]?.spans[0]?.tags.map(({ key }) => key);
    };
    expect(await keysOf("")).toEqual(["a", "b", "span.kind"]);
    expect(await keysOf("&raw=t")).toEqual(["b", "a", "span.kind"]);
    expect(spanIdOf("s")).toHaveLength(16);
    await api.stop();
  });
});
