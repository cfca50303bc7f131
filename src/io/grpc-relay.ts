/** Hands calls of one HTTP/2 server on to a server of grpc-js in the same process. */

import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from "node:http2";
import { connect, constants } from "node:http2";
import type { Duplex } from "node:stream";
import { duplexPair } from "node:stream";
import type { Server } from "@grpc/grpc-js";
import { ServerCredentials } from "@grpc/grpc-js";
import { TracAggError } from "../base/errors.ts";
import { isOver, sendOnlyHeaders } from "./http2-answers.ts";

/** Options of {@link GrpcRelay}. */
export interface GrpcRelayOptions {
  /** Answers a call with an error, in one block of headers. */
  readonly sendError: (stream: ServerHttp2Stream, error: TracAggError) => void;
  /**
   * Calls that may be open at once, over all connections. Default 1,000: probes and tools have a handful; a client that
   * watches the health keeps one open for as long as it runs. A connection with such a call costs some 190 KiB.
   */
  readonly maxOpenCalls?: number;
  /** What the calls are for, in messages. */
  readonly what: string;
}

const DEFAULT_MAX_OPEN_CALLS = 1_000;

/** For the form only: the connection is made of memory. */
const INNER_ADDRESS = "http://inner";

/**
 * Each client connection that calls these services gets an inner connection of its own, through memory: what one client
 * does to its connection (resets without number, say) then does not touch those of others.
 */
export class GrpcRelay {
  readonly #server: Server;
  readonly #options: GrpcRelayOptions;
  readonly #injector: ReturnType<Server["createConnectionInjector"]>;
  readonly #inner = new Map<ServerHttp2Session, ClientHttp2Session>();
  #openCalls = 0;

  constructor(server: Server, options: GrpcRelayOptions) {
    this.#server = server;
    this.#options = options;
    this.#injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  /**
   * Answers a call with what the inner server says.
   *
   * @throws TracAggError `overloaded` when too many calls are open
   */
  relay(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const { session } = stream;
    if (session === undefined || isOver(stream)) return;
    const { what, maxOpenCalls = DEFAULT_MAX_OPEN_CALLS, sendError } = this.#options;
    if (this.#openCalls >= maxOpenCalls) {
      throw new TracAggError(
        "overloaded",
        `more than ${maxOpenCalls} calls of ${what} are open; send again after the delay given`,
      );
    }
    // Only a server has streams of this kind, so its session is one too.
    const inner = this.#innerOf(session as ServerHttp2Session).request({ ...headers }, { endStream: false });
    this.#openCalls++;
    inner.on("close", () => {
      this.#openCalls--;
    });
    joinStreams(stream, inner, sendError);
  }

  /** Ends every call and the inner server. */
  close(): void {
    for (const inner of this.#inner.values()) inner.destroy();
    this.#server.forceShutdown();
  }

  #innerOf(outer: ServerHttp2Session): ClientHttp2Session {
    const known = this.#inner.get(outer);
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const [near, far] = duplexPair();
    this.#injector.injectConnection(far);
    const inner = connect(INNER_ADDRESS, { createConnection: () => near });
    // What ends the connection ends its streams, each of which tells its client.
    inner.on("error", () => {});
    // The two ends of the pair do not know of each other's destruction.
    endTogether(near, far);
    const end = (): void => inner.destroy();
    outer.on("close", end);
    inner.on("close", () => {
      outer.off("close", end);
      if (this.#inner.get(outer) === inner) this.#inner.delete(outer);
    });
    this.#inner.set(outer, inner);
    return inner;
  }
}

function endTogether(near: Duplex, far: Duplex): void {
  near.on("error", () => {}).on("close", () => far.destroy());
  far.on("error", () => {}).on("close", () => near.destroy());
}

/** Copies messages both ways, headers and trailers one way, and a reset of either to the other. */
function joinStreams(
  outer: ServerHttp2Stream,
  inner: ClientHttp2Stream,
  sendError: GrpcRelayOptions["sendError"],
): void {
  let trailers: IncomingHttpHeaders = {};
  inner.on("response", (headers, flags) => {
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) sendOnlyHeaders(outer, headers);
    else if (!isOver(outer)) {
      outer.respond(headers, { waitForTrailers: true });
      // Not before: data that comes in the same read is emitted ahead of these headers, and would send others.
      inner.pipe(outer);
      return;
    }
    inner.resume();
  });
  inner.on("trailers", (received) => {
    trailers = received;
  });
  outer.on("wantTrailers", () => outer.sendTrailers(trailers));
  inner.on("error", () => {});
  inner.on("close", () => {
    // After a proper end the rest of the answer is still on its way out.
    if (outer.headersSent && inner.rstCode === constants.NGHTTP2_NO_ERROR) return;
    sendError(outer, new TracAggError("unavailable", "the service ended before it had answered"));
    outer.close(inner.rstCode);
  });
  outer.on("close", () => inner.close(constants.NGHTTP2_CANCEL));
  outer.pipe(inner);
}
