import { createServer } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Http2BesideHttp1 } from "../../src/io/http2-beside-http1.ts";

/** The preface and an empty SETTINGS frame: all that a client has to say first. */
const OPENING = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

const server = () => createServer((_request, response) => response.end("one"));
let main: ReturnType<typeof server>;
let beside: Http2BesideHttp1;
let cuts: string[];

async function start(
  options: { readonly maxConnections?: number; readonly firstBytesTimeoutMillis?: number } = {},
) {
  main = server();
  cuts = [];
  beside = new Http2BesideHttp1(main, {
    onStream: (stream) => {
      stream.respond({ ":status": 200 });
      stream.end("two");
    },
    onCut: (reason) => cuts.push(reason),
    ...options,
  });
  await new Promise<void>((resolve) => main.listen(0, "127.0.0.1", resolve));
}

const port = (): number => (main.address() as AddressInfo).port;

async function get2(): Promise<string> {
  const session = connectHttp2(`http://127.0.0.1:${port()}`);
  try {
    return await new Promise((resolve, reject) => {
      session.on("error", reject).on("close", () => reject(new Error("closed")));
      let text = "";
      session
        .request({ ":path": "/" })
        .on("error", reject)
        .on("data", (chunk) => {
          text += chunk;
        })
        .on("end", () => resolve(text))
        .end();
    });
  } finally {
    session.destroy();
  }
}

beforeEach(() => start());
afterEach(async () => {
  const closed = new Promise((resolve) => main.close(resolve));
  main.closeAllConnections();
  beside.closeWhenDone();
  beside.cut();
  await closed;
});

describe("one port for HTTP/1.1 and HTTP/2", () => {
  it("answers either by the first bytes of a connection", async () => {
    expect(await (await fetch(`http://127.0.0.1:${port()}/`)).text()).toBe("one");
    expect(await get2()).toBe("two");
    expect(await (await fetch(`http://127.0.0.1:${port()}/`)).text()).toBe("one");
  });

  it("takes a preface that comes byte by byte", async () => {
    const socket = connect(port(), "127.0.0.1");
    socket.setNoDelay(true);
    const answered = new Promise<Buffer>((resolve) => socket.once("data", resolve));
    for (const byte of OPENING)
      await new Promise<void>((resolve) => socket.write(Buffer.of(byte), () => resolve()));
    // Type 4: the server's own SETTINGS.
    expect((await answered)[3]).toBe(4);
    socket.destroy();
  });

  it("takes what only begins like a preface for HTTP/1.1", async () => {
    const socket = connect(port(), "127.0.0.1");
    const answered = new Promise<string>((resolve) =>
      socket.once("data", (chunk) => resolve(chunk.toString())),
    );
    socket.write("PRO / HTTP/1.1\r\n\r\n");
    expect(await answered).toMatch(/^HTTP\/1\.1 400 /);
    socket.destroy();
  });

  it("keeps a connection of HTTP/1.1 for further requests", async () => {
    const socket = connect(port(), "127.0.0.1");
    let text = "";
    const twice = new Promise<void>((resolve) => {
      socket.on("data", (chunk) => {
        text += chunk;
        if (text.split("one").length === 3) resolve();
      });
    });
    const request = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    socket.write(request);
    socket.write(request);
    await twice;
    socket.destroy();
  });
});

describe("connections of strangers", () => {
  it("are ended when they say nothing for too long", async () => {
    main.close();
    await start({ firstBytesTimeoutMillis: 1 });
    const socket = connect(port(), "127.0.0.1");
    await new Promise((resolve) => socket.on("close", resolve));
  });

  it("are ended when they leave without a word", async () => {
    const socket = connect(port(), "127.0.0.1");
    socket.end();
    await new Promise((resolve) => socket.on("close", resolve).resume());
  });

  it("are at most as many over HTTP/2 as allowed, whatever HTTP/1.1 has", async () => {
    main.close();
    await start({ maxConnections: 1 });
    const first = connectHttp2(`http://127.0.0.1:${port()}`);
    await new Promise((resolve) => first.on("remoteSettings", resolve));
    expect(await get2().catch(() => "")).toBe("");
    expect(cuts).toEqual(["max_connections"]);
    expect(await (await fetch(`http://127.0.0.1:${port()}/`)).text()).toBe("one");
    const gone = new Promise((resolve) => first.on("close", resolve));
    first.destroy();
    await gone;
  });
});
