/** A planted shift of traffic, end to end: as a list, and as server-sent events to real clients. */

import { once } from "node:events";
import { connect } from "node:net";
import { expect, it, onTestFinished, vi } from "vitest";
import type { OpenApiDocument } from "../../src/api/openapi/document.ts";
import type {
  BottleneckEventJson,
  BottleneckEventListJson,
  ProfileJson,
} from "../../src/api/profile-contract.ts";
import type { JsonSchema } from "../../src/api/query-parameters.ts";
import { receivedEvents } from "../../src/cli/event-reader.ts";
import { LiveStatistics } from "../../src/rollup/live-statistics.ts";
import { checkout, FIRST_MINUTE_UNIX_MILLIS, MinuteTraffic } from "../helpers/checkout-traffic.ts";
import { traceIdOf } from "../helpers/trace-builder.ts";
import type { ApiServer } from "./api-fixture.ts";
import { startApi } from "./api-fixture.ts";
import { schemaFaults } from "./schema-check.ts";

const PATH = "/api/v1/bottlenecks/events";

async function apiOver(
  live: LiveStatistics,
  nowMillis = FIRST_MINUTE_UNIX_MILLIS + 600_000,
): Promise<ApiServer> {
  const api = await startApi([], { live: () => live, clock: { nowMillis: () => nowMillis } });
  onTestFinished(() => api.stop());
  return api;
}

/** A client that follows: its events one by one, and how it leaves. */
async function follow(api: ApiServer, headers: Record<string, string> = {}, query = "") {
  const client = new AbortController();
  const response = await api.fetch(`${PATH}${query}`, {
    headers: { accept: "text/event-stream", ...headers },
    signal: client.signal,
  });
  const events = receivedEvents(response.body as AsyncIterable<Uint8Array>);
  return {
    response,
    next: async (): Promise<BottleneckEventJson> => JSON.parse((await events.next()).value!.data),
    end: () => events.next(),
    leave: () => client.abort(),
  };
}

/** Three minutes of a slow payment, three of a slow stock, four of neither. */
function shift(traffic: MinuteTraffic): void {
  for (let minute = 0; minute < 3; minute++) traffic.minute("pay", 60);
  for (let minute = 0; minute < 3; minute++) traffic.minute("stock", 65);
  for (let minute = 0; minute < 4; minute++) traffic.minute("stock", 35);
}

it("tells of a bottleneck that started, moved and ended, with the traces to look at", async () => {
  const traffic = new MinuteTraffic();
  shift(traffic);
  const api = await apiOver(traffic.live);
  const { events, lastId, missed } = (await api.get(PATH)) as BottleneckEventListJson;
  expect({ lastId, missed }).toEqual({ lastId: "3", missed: false });
  expect(
    events.map(({ type, operation, previousOperation }) => [
      type,
      operation.service,
      previousOperation?.service,
    ]),
  ).toEqual([
    ["bottleneck_started", "pay", undefined],
    ["bottleneck_moved", "stock", "pay"],
    ["bottleneck_ended", "stock", undefined],
  ]);
  const { components } = (await api.get("/openapi.json")) as OpenApiDocument;
  const schema = components.schemas["BottleneckEventList"] as JsonSchema;
  expect(schemaFaults(await api.get(PATH), schema, components.schemas)).toEqual([]);
  const [started, moved] = events;
  const settled = BigInt(FIRST_MINUTE_UNIX_MILLIS + 120_000) * 1_000_000n;
  expect(started).toMatchObject({
    id: "1",
    timeUnixNano: settled.toString(),
    rootOperation: { role: "operation", service: "shop", operation: "checkout", kind: "SERVER" },
    share: 0.6,
    changeScore: 0,
    traceWeight: 20,
  });
  // Equally long ones: the smallest id of the minute.
  const [first] = Array.from({ length: 20 }, (_, at) => traceIdOf(`m1 t${at}`)).sort();
  expect(started?.exemplars.max).toEqual({ traceId: first, durationNanos: "60000000" });
  expect(moved?.changeScore).toBeCloseTo(0.65 - 0.65 / 4, 12);
});

it("gives what came after a cursor, of some root operations, and refuses a cursor that is none", async () => {
  const traffic = new MinuteTraffic();
  shift(traffic);
  const api = await apiOver(traffic.live);
  const after = (await api.get(`${PATH}?since=1`)) as BottleneckEventListJson;
  expect(after.events[0]?.id).toBe("2");
  expect(await api.get(`${PATH}?since=${after.lastId}`)).toMatchObject({ events: [], missed: false });
  expect(await api.get(`${PATH}?rootService=nobody`)).toMatchObject({ events: [], lastId: after.lastId });
  const refused = await api.fetch(`${PATH}?since=x`);
  expect([refused.status, await refused.json()]).toMatchObject([400, { field: "since" }]);
});

it("says when events after the cursor are not kept any more", async () => {
  const traffic = new MinuteTraffic(new LiveStatistics({ feed: { maxEvents: 1 } }));
  shift(traffic);
  const api = await apiOver(traffic.live);
  const { events, missed } = (await api.get(`${PATH}?since=0`)) as BottleneckEventListJson;
  expect([events.length, missed]).toEqual([1, true]);
});

it("streams what is kept and then what comes, and goes on after the event a client had last", async () => {
  const traffic = new MinuteTraffic();
  const api = await apiOver(traffic.live);
  traffic.minute("pay", 60);
  traffic.minute("pay", 60);
  const one = await follow(api);
  expect(one.response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  expect(await one.next()).toMatchObject({ id: "1", type: "bottleneck_started" });
  const next = one.next();
  traffic.minute("stock", 65);
  traffic.minute("stock", 65);
  expect(await next).toMatchObject({ id: "2", type: "bottleneck_moved", operation: { service: "stock" } });
  one.leave();
  const again = await follow(api, { "last-event-id": "1" });
  expect(await again.next()).toMatchObject({ id: "2" });
  again.leave();
});

it("lets so many follow at once and makes room when one leaves, and ends all streams when the server stops", async () => {
  const live = new LiveStatistics({ feed: { maxListeners: 1 } });
  const api = await apiOver(live);
  const one = await follow(api);
  const refused = await api.fetch(PATH, { headers: { accept: "text/event-stream" } });
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "10"]);
  expect(await api.get(PATH)).toMatchObject({ events: [] });
  one.leave();
  await vi.waitFor(() => expect(live.profiles.feed.listenerCount).toBe(0));
  const other = await follow(api);
  const ended = other.end();
  live.profiles.feed.close();
  expect(await ended).toEqual({ done: true, value: undefined });
});

it("cuts a client off that does not read, and counts it", async () => {
  const traffic = new MinuteTraffic();
  traffic.minute("pay", 60);
  traffic.minute("pay", 60);
  const { feed } = traffic.live.profiles;
  const [started] = feed.after(0).events;
  const api = await apiOver(traffic.live);
  const socket = connect(api.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.write(`GET ${PATH} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`);
  await once(socket, "readable");
  for (let count = 0; feed.listenerCount > 0 && count < 1_000; count++) {
    for (let event = 0; event < 100; event++) feed.push(started!.event);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(feed.listenerCount).toBe(0);
  const metrics = await (await api.fetch("/metrics")).text();
  expect(metrics).toMatch(/^tracagg_api_slow_readers_total 1$/m);
});

it("has a profile of the minutes by root operation, and of stored traces where a span is asked for", async () => {
  const traffic = new MinuteTraffic();
  traffic.minute("pay", 60);
  traffic.minute("stock", 65);
  const api = await apiOver(traffic.live);
  const ask = async (query: string): Promise<ProfileJson> =>
    (await api.get(`/api/v1/profile?${query}`)) as ProfileJson;
  const startOf = (minute: number): string => String(FIRST_MINUTE_UNIX_MILLIS + minute * 60_000);
  const second = await ask(`start=${startOf(1)}&rootService=shop&rootOperation=checkout`);
  expect(second).toMatchObject({
    source: "windows",
    traceCount: 20,
    spanCount: 60,
    valueNanos: "2000000000",
  });
  const children = second.roots[0]?.children.map(({ service, selfNanos }) => [service, selfNanos]);
  expect(children).toEqual([
    ["stock", "1300000000"],
    ["log", "100000000"],
  ]);
  expect(await ask(`start=${startOf(0)}&end=${startOf(1)}`)).toMatchObject({
    source: "windows",
    traceCount: 20,
  });
  expect(await ask("")).toMatchObject({ source: "windows", traceCount: 40, truncated: false });
  for (const query of [
    "service=pay",
    "attribute=a=b",
    "minDurationMs=1",
    "hasErrors=true",
    "rootService=nobody",
  ]) {
    expect(await ask(query)).toMatchObject({ source: "traces", traceCount: 0 });
  }
  expect(await ask("start=2001-01-01T00:00:00Z")).toMatchObject({ source: "traces" });
  traffic.live.profiles.windows.beginAt(FIRST_MINUTE_UNIX_MILLIS / 1_000 + 60);
  expect(await ask("")).toMatchObject({ source: "traces" });
  expect(await ask(`start=${startOf(0)}`)).toMatchObject({ source: "traces" });
  expect(await ask(`start=${startOf(1)}`)).toMatchObject({ source: "windows", traceCount: 20 });
});

it("says what the slow checkouts wait for, out of the windows", async () => {
  const traffic = new MinuteTraffic();
  traffic.minute("pay", 60, 95);
  const live = traffic.live;
  for (let slow = 0; slow < 5; slow++) {
    const [root, work, log] = checkout(`slow ${slow}`, 1_000 + slow, "pay", 60);
    const longer = { endTimeUnixNano: root!.endTimeUnixNano + 400_000_000n };
    const late = { startTimeUnixNano: log!.startTimeUnixNano + 400_000_000n, ...longer };
    traffic.feed.append({ ...root!, ...longer }, work!, { ...log!, ...late });
  }
  live.window.completeOpen(300_000, "all");
  const api = await apiOver(live);
  const slow = await api.get("/api/v1/profile/slow");
  // 400 ms between the call and the log are the checkout's own.
  expect(slow).toMatchObject({
    source: "windows",
    traceCount: 100,
    slowCount: 5,
    leftOutCount: 0,
    operations: [
      { service: "shop", operation: "checkout", slowShare: 0.86, middleShare: 0.3, slowMeanMs: 430 },
      {},
      {},
    ],
  });
});
