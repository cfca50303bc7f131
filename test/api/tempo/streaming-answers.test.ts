import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildSpan } from "../../helpers/trace-builder.ts";
import type { QuerierClient } from "./querier-client.ts";
import { failureOf, messagesOf, querierOf } from "./querier-client.ts";
import type { TempoServer } from "./tempo-server.ts";
import { startTempoServer } from "./tempo-server.ts";

const SPANS = 3_000;
const NANOS = { start: "1700000000000000000", end: "1700000003000000000", step: "10000000" };

let server: TempoServer;
let client: QuerierClient;
beforeAll(async () => {
  const spans = Array.from({ length: SPANS }, (_, at) =>
    buildSpan(`trace-${at}`, {
      id: `span-${at}`,
      service: "shop",
      name: `order ${at}`,
      at: [at, at + 1],
      attributes: { number: BigInt(at) },
    }),
  );
  server = await startTempoServer(spans);
  client = querierOf(server.url);
});
afterAll(async () => {
  client.close();
  await server.stop();
});

describe("StreamingQuerier", () => {
  it("lists tags and values in both versions, the numbers in the last message", async () => {
    const [tags] = await messagesOf(client.SearchTags({ query: "{{{" }));
    expect(tags?.tagNames.toSorted()).toEqual(["number", "service.name"]);
    expect(tags?.metrics).toMatchObject({ completedJobs: 1, totalJobs: 1 });
    const [scopes] = await messagesOf(client.SearchTagsV2({ scope: "resource" }));
    expect(scopes?.scopes).toEqual([{ name: "resource", tags: ["service.name"] }]);
    const [texts] = await messagesOf(client.SearchTagValues({ tagName: "service.name" }));
    expect(texts?.tagValues).toEqual(["shop"]);
    const request = { tagName: "span.number", query: "{ name = `order 7` && x = }", maxTagValues: 5 };
    const [values] = await messagesOf(client.SearchTagValuesV2(request));
    expect(values?.tagValues).toEqual([{ type: "int", value: "7" }]);
  });

  it("splits series over messages of at most 1 MiB, each series once", async () => {
    const query = "{ } | rate() by(name)";
    const messages = await messagesOf(client.MetricsQueryRange({ query, ...NANOS, maxSeries: 900 }));
    expect(messages.length).toBeGreaterThan(1);
    const names = messages.flatMap(({ series }) => series.map(({ labels }) => JSON.stringify(labels)));
    expect([names.length, new Set(names).size]).toEqual([900, 900]);
    expect(messages.map(({ metrics }) => metrics?.completedJobs ?? 0)).toEqual([
      ...messages.slice(1).map(() => 0),
      1,
    ]);
    expect(messages.at(-1)).toMatchObject({ status: "PARTIAL" });
  });

  it("gives one value for the whole range, without a step", async () => {
    const { start, end } = NANOS;
    const [answer] = await messagesOf(
      client.MetricsQueryInstant({ query: "{ } | count_over_time()", start, end }),
    );
    expect(answer?.series.map(({ value }) => value)).toEqual([SPANS - 1]);
  });

  it("says INVALID_ARGUMENT for what HTTP answers with 400", async () => {
    const failures = [
      await failureOf(client.SearchTags({ scope: "all" })),
      await failureOf(client.SearchTagValuesV2({ tagName: "service.name" })),
      await failureOf(client.MetricsQueryRange({ query: "{ }" })),
      await failureOf(client.MetricsQueryInstant({ query: "{ } | rate()", start: "9", end: "8" })),
    ];
    expect(failures.map(({ code }) => code)).toEqual(failures.map(() => status.INVALID_ARGUMENT));
    expect(failures[0]?.details).toBe("invalid scope: all");
  });
});
