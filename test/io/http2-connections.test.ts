/** An HTTP/2 server and its connections, over real sockets. */

import { once } from "node:events";
import type { ClientHttp2Session, Http2Server, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { connect, constants, createServer } from "node:http2";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ConnectionCut, Http2ConnectionsOptions } from "../../src/io/http2-connections.ts";
import { Http2Connections } from "../../src/io/http2-connections.ts";
import { listen } from "../../src/io/listen.ts";
import { Http2Tap, isPing } from "../helpers/http2-tap.ts";
import { RawConnection } from "../helpers/otlp-client.ts";

const SETTINGS = 4;
const PING = 6;
/** How a client begins: preface and an empty SETTINGS frame. */
const OPENING = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(SETTINGS)]);

let server: Http2Server;
let connections: Http2Connections;
let cuts: ConnectionCut[];
let onCut: () => void;
let port: number;

function frame(type: number, body: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head.writeUInt8(type, 3);
  return Buffer.concat([head, body]);
}

async function start(options: Partial<Http2ConnectionsOptions> = {}): Promise<void> {
  server = createServer();
  cuts = [];
  onCut = () => {};
  connections = new Http2Connections(server, {
    keepaliveTimeMillis: 60_000,
    keepaliveTimeoutMillis: 60_000,
    windowBytes: 1_000_000,
    onCut: (reason) => {
      cuts.push(reason);
      onCut();
    },
    ...options,
  });
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.resume();
  });
  ({ port } = await listen(server, { host: "127.0.0.1", port: 0 }, "test"));
}

async function end(): Promise<void> {
  const closed = once(server, "close");
  server.close();
  connections.cut();
  await closed;
}

async function restart(options: Partial<Http2ConnectionsOptions>): Promise<void> {
  await end();
  await start(options);
}

beforeEach(() => start());
afterEach(() => end());

/** A connection with one stream that stays open. */
async function openSession(toPort = port): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${toPort}`);
  session.on("error", () => {});
  await once(session, "connect");
  session.request({ ":method": "POST" }).on("error", () => {});
  return session;
}

describe("a peer that is silent", () => {
  test("is cut when it answers no ping", async () => {
    await restart({ keepaliveTimeMillis: 20, keepaliveTimeoutMillis: 20 });
    const silent = new RawConnection(port);
    silent.socket.write(OPENING);
    await silent.closed();
    expect(cuts).toEqual(["keepalive"]);
  });

  test("is cut when it never even says that it speaks HTTP/2", async () => {
    await restart({ keepaliveTimeMillis: 20, keepaliveTimeoutMillis: 20 });
    await new RawConnection(port).closed();
    expect(cuts).toEqual(["keepalive"]);
  });

  test("is left alone as long as it answers", async () => {
    await restart({ keepaliveTimeMillis: 20, keepaliveTimeoutMillis: 10_000 });
    const tap = new Http2Tap(port);
    const session = await openSession(await tap.start());
    await tap.until(4, (noted) => isPing(noted, "server"));
    expect(session.destroyed).toBe(false);
    expect(cuts).toEqual([]);
    session.destroy();
    tap.stop();
  });
});

describe("a peer that breaks the rules", () => {
  test("is cut and counted: not HTTP/2", async () => {
    const connection = new RawConnection(port);
    connection.socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await connection.closed();
    expect(cuts).toEqual(["protocol"]);
  });

  test.each([
    ["settings", frame(SETTINGS)],
    ["pings", frame(PING, Buffer.alloc(8))],
  ])("is cut and counted: a flood of %s", async (_, bytes) => {
    const connection = new RawConnection(port);
    connection.socket.write(Buffer.concat([OPENING, ...Array.from({ length: 20_000 }, () => bytes)]));
    await connection.closed();
    expect(cuts).toEqual(["flood"]);
  });

  test("is cut and counted: streams opened and reset without end", async () => {
    const session = await openSession();
    const closed = new Promise((resolve) => session.on("close", resolve));
    const reset = (): void => {
      for (let index = 0; index < 100 && !session.destroyed; index++) {
        const stream = session.request({ ":method": "POST" });
        stream.on("error", () => {});
        stream.close(constants.NGHTTP2_CANCEL);
      }
      if (!session.destroyed) setImmediate(reset);
    };
    reset();
    await closed;
    expect(cuts).toEqual(["flood"]);
  });
});

test("a connection that is lost with many streams open breaks no rule", async () => {
  const opened = once(server, "session");
  const tap = new Http2Tap(port);
  const session = await openSession(await tap.start());
  const [serverSession] = (await opened) as [ServerHttp2Session];
  for (let index = 0; index < 1_200; index++) session.request({ ":method": "POST" }).on("error", () => {});
  await new Promise<void>((resolve) => session.ping(() => resolve()));
  tap.stop();
  await once(serverSession, "close");
  expect(cuts).toEqual([]);
});

test("connections over the limit are closed at once and counted", async () => {
  server.maxConnections = 1;
  const session = await openSession();
  const counted = new Promise<void>((resolve) => {
    onCut = resolve;
  });
  await new RawConnection(port).closed();
  await counted;
  expect(cuts).toEqual(["max_connections"]);
  session.destroy();
});

describe("closing", () => {
  test("tells peers to open no further streams, and lets the open ones end", async () => {
    const session = connect(`http://127.0.0.1:${port}`);
    const answered = session.request({ ":method": "POST" });
    const [stream] = (await once(server, "stream")) as [ServerHttp2Stream];
    const goneAway = once(session, "goaway");
    connections.closeWhenDone();
    const [code] = (await goneAway) as [number];
    expect(code).toBe(constants.NGHTTP2_NO_ERROR);
    stream.respond({ ":status": 200 }, { endStream: true });
    answered.end();
    const [headers] = (await once(answered, "response")) as [{ readonly ":status": number }];
    expect(headers[":status"]).toBe(200);
    await once(session, "close");
  });

  test("is over even when a peer never closes its side", async () => {
    const stubborn = new RawConnection(port);
    stubborn.socket.allowHalfOpen = true;
    stubborn.socket.write(OPENING);
    await once(server, "session");
    connections.closeWhenDone();
    await restart({});
    stubborn.socket.destroy();
  });
});
