/** The connections of an HTTP/2 server: windows, pings for peers that vanished, closing, and what cut a connection. */

import type { Http2Server, ServerHttp2Session } from "node:http2";
import { constants } from "node:http2";
import type { Socket } from "node:net";

/**
 * Why the server cut a connection: no answer to a ping, bytes that are not HTTP/2, too many frames that cost the server
 * more than the peer (resets, pings, settings, empty data), more connections than allowed.
 */
export type ConnectionCut = "keepalive" | "protocol" | "flood" | "max_connections";

/** Options of {@link Http2Connections}. */
export interface Http2ConnectionsOptions {
  /** Longest silence of a peer, give or take as much again, before it is pinged. */
  readonly keepaliveTimeMillis: number;
  /** Time for the answer to a ping. */
  readonly keepaliveTimeoutMillis: number;
  /** What one connection may send before it waits for a WINDOW_UPDATE, over all its streams. */
  readonly windowBytes: number;
  readonly onCut: (reason: ConnectionCut) => void;
}

/**
 * Streams that a peer may reset before they are answered, at once and from then on each second: a client that ends resets
 * all it has open. nghttp2 stops reading soon after (CVE-2023-44487), but says nothing and leaves the socket open.
 */
const RESET_BURST = 1_000;
const RESETS_PER_SECOND = 30;

/** Errors of nghttp2 for floods: NGHTTP2_ERR_FLOODED, NGHTTP2_ERR_TOO_MANY_CONTINUATIONS. */
const FLOOD_ERRNOS: readonly (number | undefined)[] = [-904, -905];

/** Watches every connection of a server from its beginning to its end. */
export class Http2Connections {
  readonly #options: Http2ConnectionsOptions;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #sockets = new Set<Socket>();

  constructor(server: Http2Server, options: Http2ConnectionsOptions) {
    this.#options = options;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    server.on("session", (session) => this.#watch(session));
    server.on("sessionError", (error: Error) => {
      const reason = cutReason(error);
      if (reason !== undefined) options.onCut(reason);
    });
    server.on("drop", () => options.onCut("max_connections"));
  }

  /** Tells every peer to open no further streams (GOAWAY); a connection ends with its last stream. */
  closeWhenDone(): void {
    for (const session of this.#sessions) session.close();
  }

  /** Resets what is open, with a code that gRPC clients read as CANCELLED, which they may retry. */
  cut(): void {
    for (const session of this.#sessions) session.destroy(undefined, constants.NGHTTP2_CANCEL);
    // A peer that does not close its side would hold an ended socket open for ever.
    setImmediate(() => {
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  #watch(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.setLocalWindowSize(this.#options.windowBytes);
    this.#limitResets(session);
    const stopPinging = this.#pingWhenSilent(session);
    session.on("close", () => {
      stopPinging();
      this.#sessions.delete(session);
    });
  }

  #limitResets(session: ServerHttp2Session): void {
    const { socket } = session;
    let allowed = RESET_BURST;
    let countedMillis = performance.now();
    let isCut = false;
    const onReset = (): void => {
      // Streams are reset too when their connection ends.
      if (isCut || session.destroyed || socket.destroyed) return;
      const nowMillis = performance.now();
      const earned = ((nowMillis - countedMillis) / 1_000) * RESETS_PER_SECOND;
      allowed = Math.min(RESET_BURST, allowed + earned) - 1;
      countedMillis = nowMillis;
      if (allowed >= 0) return;
      isCut = true;
      this.#options.onCut("flood");
      // Not on the stack of nghttp2, which is still in the middle of what came.
      setImmediate(() => session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM));
    };
    session.on("stream", (stream) => stream.on("aborted", onReset));
  }

  /** Any byte that arrives is a sign of life, so a busy connection is never pinged. */
  #pingWhenSilent(session: ServerHttp2Session): () => void {
    const { keepaliveTimeMillis, keepaliveTimeoutMillis, onCut } = this.#options;
    const { socket } = session;
    let seenBytes = 0;
    const isSilent = (): boolean => {
      const isSame = socket.bytesRead === seenBytes;
      seenBytes = socket.bytesRead;
      return isSame;
    };
    const wait = (millis: number, then: () => void): void => {
      clearTimeout(timer);
      timer = setTimeout(then, millis);
      timer.unref();
    };
    const check = (): void => {
      if (session.destroyed) return;
      if (isSilent()) {
        session.ping((error) => {
          if (error === null) wait(keepaliveTimeMillis, check);
        });
        wait(keepaliveTimeoutMillis, judge);
      } else wait(keepaliveTimeMillis, check);
    };
    const judge = (): void => {
      if (session.destroyed) return;
      if (isSilent()) {
        onCut("keepalive");
        session.destroy();
      } else wait(keepaliveTimeMillis, check);
    };
    let timer = setTimeout(check, keepaliveTimeMillis);
    timer.unref();
    return () => clearTimeout(timer);
  }
}

/** Undefined for a peer that went away, be it in the middle of a frame: that breaks no rule. */
function cutReason(error: Error): ConnectionCut | undefined {
  const { code, errno } = error as NodeJS.ErrnoException;
  if (code === "ERR_HTTP2_TOO_MANY_INVALID_FRAMES" || FLOOD_ERRNOS.includes(errno)) return "flood";
  return code === "ERR_HTTP2_ERROR" ? "protocol" : undefined;
}
