/** What Grafana's Zipkin data source sends, in the order it sends it. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { traceIdOf } from "../../helpers/trace-builder.ts";
import { checkoutSpans } from "../api-fixture.ts";
import type { ZipkinServer } from "./zipkin-servers.ts";
import { NOW_MILLIS, ZIPKIN_SERVERS } from "./zipkin-servers.ts";

let server: ZipkinServer;

interface ListedSpan {
  readonly traceId: string;
  readonly parentId?: string;
  readonly duration: number;
  readonly timestamp: number;
  readonly localEndpoint: { readonly serviceName: string };
}

describe.each(ZIPKIN_SERVERS)("over %s", (_name, start) => {
  beforeAll(async () => {
    server = await start([checkoutSpans()]);
  });
  afterAll(() => server.stop());

  it("is saved and tested with the list of services", async () => {
    expect(await server.get("services")).toEqual(["gateway", "payment"]);
  });

  it("goes from a service to its spans, to traces, to one trace", async () => {
    const [serviceName] = (await server.get("services")) as readonly string[];
    const names = (await server.get(`spans?serviceName=${serviceName}`)) as readonly string[];
    expect(names).toEqual(["charge", "get /checkout"]);
    const query = new URLSearchParams({
      lookback: "1800000",
      endTs: String(NOW_MILLIS),
      limit: "100",
      minDuration: "1",
      maxDuration: "9999999",
      spanName: names[1] ?? "",
      serviceName: serviceName ?? "",
    });
    const [found, ...others] = (await server.get(`traces?${query}`)) as readonly (readonly ListedSpan[])[];
    expect(others).toEqual([]);
    const root = found?.find(({ parentId }) => parentId === undefined);
    expect(root).toMatchObject({ traceId: traceIdOf("checkout"), duration: 100_000 });
    const opened = (await server.get(`trace/${root?.traceId}`)) as readonly ListedSpan[];
    expect(opened).toEqual(found);
    expect(opened.map(({ localEndpoint }) => localEndpoint.serviceName)).toEqual([
      "gateway",
      "gateway",
      "payment",
    ]);
  });

  it("shows as a refusal what it cannot find", async () => {
    expect(await server.told("trace/0000000000000001")).toEqual([404, "0000000000000001 not found"]);
  });
});
