/** Profiles of a whole server with a data folder: over every trace, and the same after a restart in the middle. */

import { expect, it } from "vitest";
import type { ProfileJson } from "../src/api/profile-contract.ts";
import { receivedEvents } from "../src/cli/event-reader.ts";
import { encodeSpans } from "../src/codec/otlp-protobuf/encode-request.ts";
import { loadConfig } from "../src/config/load-config.ts";
import type { Span } from "../src/model/span.ts";
import type { RunningServer } from "../src/server.ts";
import { startServer } from "../src/server.ts";
import { FREE_PORTS } from "./helpers/free-ports.ts";
import { withTimes } from "./helpers/otlp-fixture.ts";
import { temporaryFolder } from "./helpers/temporary-folder.ts";
import { BUILDER_START_UNIX_NANO, buildSpan } from "./helpers/trace-builder.ts";

function start(folder: string): Promise<RunningServer> {
  return startServer({
    config: loadConfig({ flags: { ...FREE_PORTS, "data.dir": folder }, env: {}, cwd: "/" }).config,
  });
}

async function send({ otlpHttp }: RunningServer, spans: readonly Span[]): Promise<void> {
  const response = await fetch(new URL("/v1/traces", otlpHttp), {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: Buffer.from(encodeSpans(spans)),
  });
  expect(response.status).toBe(200);
}

async function profileOf({ ui }: RunningServer): Promise<ProfileJson> {
  return (await (await fetch(new URL("/api/v1/profile?start=-1h", ui))).json()) as ProfileJson;
}

/** 100 ms, now: 40 of them in a call. */
function order(name: string): Span[] {
  const shift = BigInt(Date.now()) * 1_000_000n - BUILDER_START_UNIX_NANO;
  const spans = [
    buildSpan(name, { id: "root", service: "shop", name: "order", kind: "SERVER", at: [0, 100] }),
    buildSpan(name, {
      id: "call",
      parent: "root",
      service: "pay",
      name: "charge",
      kind: "SERVER",
      at: [20, 60],
    }),
  ];
  return spans.map((span) => withTimes(span, span.startTimeUnixNano + shift, span.endTimeUnixNano + shift));
}

it("counts every trace once, before and after a restart, and lets the server stop while clients follow events", async () => {
  const folder = temporaryFolder();
  let server = await start(folder);
  const first = Array.from({ length: 30 }, (_, at) => order(`t${at}`));
  await send(server, first.flat());
  const [half, other] = [order("late").slice(0, 1), order("late").slice(1)];
  await send(server, half);
  const before = await profileOf(server);
  expect(before).toMatchObject({ source: "windows", traceCount: 31, spanCount: 61 });
  const events = await fetch(new URL("/api/v1/bottlenecks/events", server.ui), {
    headers: { accept: "text/event-stream" },
  });
  const ended = receivedEvents(events.body as AsyncIterable<Uint8Array>).next();
  await server.stop();
  expect(await ended).toMatchObject({ done: true });
  server = await start(folder);
  expect(await profileOf(server)).toMatchObject({
    traceCount: 31,
    spanCount: 61,
    valueNanos: before.valueNanos,
  });
  await send(server, [...other, ...(first[0] as Span[])]);
  expect(await profileOf(server)).toMatchObject({ traceCount: 31, spanCount: 62 });
  await server.stop();
});
