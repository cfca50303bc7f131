import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import type { ServiceError } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeSpans } from "../../../src/codec/otlp-protobuf/encode-request.ts";
import { loadConfig } from "../../../src/config/load-config.ts";
import type { Span } from "../../../src/model/span.ts";
import type { RunningServer } from "../../../src/server.ts";
import { startServer } from "../../../src/server.ts";
import { FREE_PORTS } from "../../helpers/free-ports.ts";
import { buildSpan, traceIdOf } from "../../helpers/trace-builder.ts";
import type { QuerierClient } from "./querier-client.ts";
import { failureOf, messagesOf, querierOf } from "./querier-client.ts";

const TRACES = 450;

async function send(server: RunningServer, spans: readonly Span[]): Promise<void> {
  const headers = { "content-type": "application/x-protobuf" };
  const body = encodeSpans(spans) as Uint8Array<ArrayBuffer>;
  const answer = await fetch(`${server.otlpHttp}/v1/traces`, { method: "POST", headers, body });
  expect(answer.status).toBe(200);
}

const FLAGS = {
  ...FREE_PORTS,
  "api.tempo.port": "0",
  "store.type": "memory",
};

let server: RunningServer;
let client: QuerierClient;
beforeAll(async () => {
  server = await startServer({ config: loadConfig({ flags: FLAGS, env: {}, cwd: "/" }).config });
  client = querierOf(server.tempo as string);
  const spans = Array.from({ length: TRACES }, (_, at) =>
    buildSpan(`trace-${at}`, { id: `span-${at}`, service: "shop", name: `order ${at}`, at: [at, at + 1] }),
  );
  await send(server, spans);
});
afterAll(async () => {
  client.close();
  await server.stop();
});

describe("StreamingQuerier.Search over h2c", () => {
  it("tells traces part by part, each once, newest first, and at the end that it is done", async () => {
    const messages = await messagesOf(client.Search({ Query: "{ name =~ `order .*` }", Limit: 1_000 }));
    const ids = messages.map(({ traces }) => traces.map(({ traceID }) => traceID));
    expect(ids[0]).toEqual([traceIdOf(`trace-${TRACES - 1}`).replace(/^0+/, "")]);
    expect(ids.filter((part) => part.length > 0).length).toBeGreaterThanOrEqual(5);
    expect(ids.flat()).toEqual(
      Array.from({ length: TRACES }, (_, at) => traceIdOf(`trace-${TRACES - 1 - at}`).replace(/^0+/, "")),
    );
    const done = messages.map(({ metrics }) => metrics.completedJobs);
    expect(done).toEqual([...done.slice(1).map(() => 0), 1]);
    expect(messages.at(-1)?.metrics).toMatchObject({ totalJobs: 1, inspectedTraces: TRACES });
  });

  it("answers on the main port too, beside HTTP/1.1", async () => {
    const main = querierOf(server.ui);
    try {
      const messages = await messagesOf(main.Search({ Query: "{ }", Limit: 2 }));
      expect(messages.flatMap(({ traces }) => traces)).toHaveLength(2);
      expect((await fetch(`${server.ui}/tempo/api/echo`)).status).toBe(200);
    } finally {
      main.close();
    }
  });

  it("gives the first of all when an order is asked for", async () => {
    const messages = await messagesOf(client.Search({ Query: "{ } | orderBy(name, asc)", Limit: 2 }));
    expect(messages.flatMap(({ traces }) => traces.map(({ traceID }) => traceID))).toEqual(
      [0, 1].map((at) => traceIdOf(`trace-${at}`).replace(/^0+/, "")),
    );
  });

  it("searches by tags", async () => {
    const request = { Tags: { "service.name": "SHO", name: "order 44" }, Limit: 100 };
    const messages = await messagesOf(client.Search(request));
    expect(messages.flatMap(({ traces }) => traces)).toHaveLength(11);
  });

  it("says INVALID_ARGUMENT with the place in the query", async () => {
    const failure = await failureOf(client.Search({ Query: "{ name = }" }));
    expect(failure.code).toBe(status.INVALID_ARGUMENT);
    expect(failure.details).toMatch(/^line 1, column 10: expected /);
    const badRange = await failureOf(client.Search({ Query: "{ }", start: 9, end: 8 }));
    expect(badRange.details).toBe("http parameter start must be before end. received start=9 end=8");
  });

  it("ends a search whose client cancels", async () => {
    const stream = client.Search({ Query: "{ }", Limit: 1_000 });
    const failed = new Promise<ServiceError>((resolve) => stream.on("error", resolve));
    stream.once("data", () => stream.cancel());
    expect((await failed).code).toBe(status.CANCELLED);
    const after = await messagesOf(client.Search({ Query: "{ }", Limit: 1 }));
    expect(after.at(-1)?.metrics.completedJobs).toBe(1);
  });

  it("ends a search whose deadline is over", async () => {
    const failure = await failureOf(client.Search({ Query: "{ }" }, { deadline: new Date(1) }));
    expect(failure.code).toBe(status.DEADLINE_EXCEEDED);
  });
});

describe("the port of HTTP/1.1 and h2c", () => {
  it("answers a request that comes byte by byte, whichever of the two it is", async () => {
    const socket = connect(Number(new URL(server.tempo as string).port), "127.0.0.1");
    socket.setNoDelay(true);
    const answer = new Promise<string>((resolve) => {
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk.toString();
        if (text.includes("echo")) resolve(text);
      });
    });
    for (const byte of "POST /x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\nGET /api/echo HTTP/1.1\r\nhost: localhost\r\n\r\n") {
      await new Promise<void>((resolve) => socket.write(byte, () => resolve()));
    }
    expect(await answer).toMatch(/^HTTP\/1\.1 404 Not Found.+HTTP\/1\.1 200 OK.+\r\necho/s);
    socket.destroy();
  });

  it("refuses h2c calls that name another host than loopback", async () => {
    const session = connectHttp2(server.tempo as string);
    const headers = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };
    const call = (more: object) =>
      new Promise<unknown>((resolve) => {
        const stream = session.request({ ...headers, ":path": "/tempopb.StreamingQuerier/Search", ...more });
        stream.on("response", resolve).on("error", () => {});
        stream.resume();
        stream.end();
      });
    expect(await call({ ":authority": "evil.example" })).toMatchObject({ "grpc-status": "3" });
    expect(await call({ ":path": "/tempopb.Pusher/Push" })).toMatchObject({ "grpc-status": "12" });
    expect(await call({ "content-type": "application/json" })).toMatchObject({ ":status": 415 });
    session.destroy();
  });

  it("closes with calls under way", async () => {
    const other = await startServer({ config: loadConfig({ flags: FLAGS, env: {}, cwd: "/" }).config });
    const idle = querierOf(other.tempo as string);
    await messagesOf(idle.Search({ Query: "{ }" }));
    const silent = connect(Number(new URL(other.tempo as string).port), "127.0.0.1");
    const closed = new Promise((resolve) => silent.on("close", resolve));
    await new Promise((resolve) => silent.on("connect", resolve));
    await other.stop();
    await closed;
    idle.close();
  });
});
