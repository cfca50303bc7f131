/** One port for HTTP/1.1 and for HTTP/2 without TLS: the first bytes of a connection say which of them it speaks. */

import type { Server } from "node:http";
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { createServer } from "node:http2";
import type { Socket } from "node:net";
import type { ConnectionCut } from "./http2-connections.ts";
import { Http2Connections } from "./http2-connections.ts";
import { HTTP2_PREFACE_START, isHttp2Preface } from "./http2-refusal.ts";

/** Options of {@link Http2BesideHttp1}. */
export interface Http2BesideHttp1Options {
  readonly onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
  readonly onCut: (reason: ConnectionCut) => void;
  /** 1,000 connections of HTTP/2; further ones are closed at once. */
  readonly maxConnections?: number;
  /** 60,000 from the connection to its first bytes, as HTTP/1.1 gives for the headers. */
  readonly firstBytesTimeoutMillis?: number;
}

const MAX_STREAMS_OF_CONNECTION = 100;
const MAX_HEADER_BYTES = 16 * 1024;
const WINDOW_BYTES = 1024 * 1024;
const KEEPALIVE_TIME_MILLIS = 60_000;
const KEEPALIVE_TIMEOUT_MILLIS = 20_000;

/** Takes the connections of an HTTP/1.1 server, and gives it back those that are its own. */
export class Http2BesideHttp1 {
  readonly #options: Http2BesideHttp1Options;
  readonly #giveHttp1: (socket: Socket) => void;
  readonly #http2: Http2Server;
  readonly #connections: Http2Connections;
  readonly #undecided = new Set<Socket>();
  #http2Count = 0;

  /** @param server not listening yet, its handler already set */
  constructor(server: Server, options: Http2BesideHttp1Options) {
    this.#options = options;
    const own = server.listeners("connection") as ((socket: Socket) => void)[];
    this.#giveHttp1 = (socket) => {
      for (const listener of own) listener.call(server, socket);
    };
    server.removeAllListeners("connection");
    server.on("connection", (socket: Socket) => this.#decide(socket));
    this.#http2 = createServer({
      settings: { maxConcurrentStreams: MAX_STREAMS_OF_CONNECTION, maxHeaderListSize: MAX_HEADER_BYTES },
    });
    this.#connections = new Http2Connections(this.#http2, {
      keepaliveTimeMillis: KEEPALIVE_TIME_MILLIS,
      keepaliveTimeoutMillis: KEEPALIVE_TIMEOUT_MILLIS,
      windowBytes: WINDOW_BYTES,
      onCut: options.onCut,
    });
    this.#http2.on("stream", (stream, headers) => {
      // A stream whose client is gone fails; there is nobody left to tell.
      stream.on("error", () => {});
      options.onStream(stream, headers);
    });
  }

  /** Tells every HTTP/2 peer to open no further streams, and ends connections that have said nothing yet. */
  closeWhenDone(): void {
    this.#connections.closeWhenDone();
    for (const socket of this.#undecided) socket.destroy();
  }

  /** Resets what is open over HTTP/2. */
  cut(): void {
    this.#connections.cut();
  }

  #decide(socket: Socket): void {
    const timeoutMillis = this.#options.firstBytesTimeoutMillis ?? 60_000;
    const end = (): void => {
      socket.destroy();
    };
    const timer = setTimeout(end, timeoutMillis);
    timer.unref();
    let seen: Uint8Array = new Uint8Array(0);
    const onReadable = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      if (seen.length < HTTP2_PREFACE_START.length && HTTP2_PREFACE_START.startsWith(latin1(seen))) return;
      forget();
      socket.unshift(seen);
      if (isHttp2Preface(seen)) this.#giveHttp2(socket);
      else this.#giveHttp1(socket);
    };
    const forget = (): void => {
      clearTimeout(timer);
      this.#undecided.delete(socket);
      socket.off("readable", onReadable).off("end", end).off("error", end).off("close", forget);
    };
    this.#undecided.add(socket);
    socket.on("readable", onReadable).on("end", end).on("error", end).on("close", forget);
  }

  #giveHttp2(socket: Socket): void {
    if (this.#http2Count >= (this.#options.maxConnections ?? 1_000)) {
      this.#options.onCut("max_connections");
      socket.destroy();
      return;
    }
    this.#http2Count++;
    socket.on("close", () => {
      this.#http2Count--;
    });
    this.#http2.emit("connection", socket);
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
