/** Which names `/api/v2` lists, over every place where spans can lie. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Span } from "../../../src/model/span.ts";
import { buildSpan } from "../../helpers/trace-builder.ts";
import type { ZipkinServer } from "./zipkin-servers.ts";
import { startZipkin, ZIPKIN_SERVERS } from "./zipkin-servers.ts";

/** Spans as OpenTelemetry's instrumentations name the other side: by service, by host, by address, by database. */
const CALLS: readonly Span[] = [
  buildSpan("calls", { id: "root", service: "Shop", name: "POST /Orders", kind: "SERVER", at: [0, 100] }),
  buildSpan("calls", {
    id: "peer",
    parent: "root",
    service: "Shop",
    name: "charge",
    kind: "CLIENT",
    at: [1, 2],
    attributes: { "peer.service": "Bank", "server.address": "bank.local" },
  }),
  buildSpan("calls", {
    id: "host",
    parent: "root",
    service: "shop",
    name: "Charge",
    kind: "CLIENT",
    at: [3, 4],
    attributes: { "server.address": "mail.local", region: "eu" },
  }),
  buildSpan("calls", {
    id: "address",
    parent: "root",
    service: "Shop",
    name: "ping",
    kind: "CLIENT",
    at: [5, 6],
    attributes: { "server.address": "10.0.0.7", region: "us" },
  }),
  buildSpan("calls", {
    id: "queue",
    parent: "root",
    service: "Shop",
    name: "send",
    kind: "PRODUCER",
    at: [7, 8],
    attributes: { "db.name": "orders" },
  }),
  buildSpan("calls", {
    id: "server",
    parent: "peer",
    service: "bank",
    name: "book",
    kind: "SERVER",
    at: [1, 2],
    attributes: { "peer.service": "ignored on a server" },
    resourceAttributes: { region: "ap" },
  }),
];

let server: ZipkinServer;

describe.each(ZIPKIN_SERVERS)("over %s", (_name, start) => {
  beforeAll(async () => {
    server = await start([CALLS.slice(0, 3), CALLS.slice(3)], {
      settings: { autocompleteKeys: ["region", "absent"] },
    });
  });
  afterAll(() => server.stop());

  it("lists services in lower case, each once", async () => {
    expect(await server.get("services")).toEqual(["bank", "shop"]);
  });

  it("lists the spans of a service under whatever case", async () => {
    expect(await server.get("spans?serviceName=SHOP")).toEqual(["charge", "ping", "post /orders", "send"]);
    expect(await server.get("spans?serviceName=nobody")).toEqual([]);
    expect(await server.get("spans?serviceName=")).toEqual([]);
    expect(await server.get(`spans?serviceName=${encodeURIComponent("个人信息服务")}`)).toEqual([]);
  });

  it("lists as remote what clients and producers name, addresses left out", async () => {
    expect(await server.get("remoteServices?serviceName=shop")).toEqual(["bank", "mail.local", "orders"]);
    expect(await server.get("remoteServices?serviceName=bank")).toEqual([]);
    expect(await server.get("remoteServices?serviceName=nobody")).toEqual([]);
  });

  it("lists the keys it was configured with, and the values of those", async () => {
    expect(await server.get("autocompleteKeys")).toEqual(["region", "absent"]);
    expect(await server.get("autocompleteValues?key=region")).toEqual(["ap", "eu", "us"]);
    expect(await server.get("autocompleteValues?key=absent")).toEqual([]);
    expect(await server.get("autocompleteValues?key=peer.service")).toEqual([]);
  });
});

describe("how long browsers keep names", () => {
  const CACHED = "max-age=300, must-revalidate";
  const service = (name: string): Span =>
    buildSpan(name, { id: name, service: name, at: [0, 1], attributes: { key: name } });

  async function cacheControls(names: readonly string[]): Promise<readonly (string | null)[]> {
    const settings = { autocompleteKeys: ["key"] };
    server = await startZipkin([names.map(service)], { settings });
    const paths = [
      "services",
      "spans?serviceName=a",
      "remoteServices?serviceName=a",
      "autocompleteKeys",
      "autocompleteValues?key=key",
      "traces",
    ];
    const answers = await Promise.all(paths.map((path) => server.fetch(`/api/v2/${path}`)));
    await server.stop();
    return answers.map(({ headers }) => headers.get("cache-control"));
  }

  it("is not at all while there are three services", async () => {
    const not = "no-store";
    expect(await cacheControls(["a", "b", "c"])).toEqual([not, not, not, CACHED, not, not]);
  });

  it("is five minutes from four services on", async () => {
    expect(await cacheControls(["a", "b", "c", "d"])).toEqual([
      CACHED,
      CACHED,
      CACHED,
      CACHED,
      CACHED,
      "no-store",
    ]);
  });
});
