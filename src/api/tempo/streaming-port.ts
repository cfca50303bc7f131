/** Takes gRPC calls on the ports of HTTP: h2c with prior knowledge, as Grafana dials. */

import type { Server } from "node:http";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { errorFrom, TracAggError } from "../../base/errors.ts";
import type { Metrics } from "../../base/metrics.ts";
import type { GrpcRelay } from "../../io/grpc-relay.ts";
import { sendOnlyHeaders } from "../../io/http2-answers.ts";
import { Http2BesideHttp1 } from "../../io/http2-beside-http1.ts";
import { checkHost } from "../host-guard.ts";
import type { StreamingOptions } from "./streaming-service.ts";
import { tempoErrorText, tempoGrpcStatus } from "./tempo-error.ts";

/** Begins the path of every call. */
const PATH_START = "/tempopb.StreamingQuerier/";
/** Calls open at once, over all connections: each is a query, and more of those are refused anyway. */
const MAX_OPEN_CALLS = 200;
const MAX_MESSAGE_LENGTH = 1_024;

/** What {@link StreamingPort} works with. */
export interface StreamingPortOptions extends StreamingOptions {
  readonly metrics: Metrics;
  /** As for HTTP: see `CreateApiOptions`. */
  readonly loopbackHosts?: readonly string[] | undefined;
}

/** The calls of any number of HTTP servers, answered by one server of grpc-js, which is made with the first call. */
export class StreamingPort {
  readonly #options: StreamingPortOptions;
  readonly #onCut: (reason: string) => void;
  readonly #beside = new Map<Server, Http2BesideHttp1>();
  #relay: Promise<GrpcRelay> | undefined;

  constructor(options: StreamingPortOptions) {
    this.#options = options;
    const cuts = options.metrics.counter({
      name: "tracagg_api_http2_connections_cut_total",
      help: "HTTP/2 connections to the API that were cut, by reason.",
      labelNames: ["reason"],
    });
    this.#onCut = (reason) => cuts.add(1, { reason });
  }

  /** Lets a server take HTTP/2 connections too; before it listens. */
  attach(server: Server): void {
    const beside = new Http2BesideHttp1(server, {
      onCut: this.#onCut,
      onStream: (stream, headers) => {
        void this.#answer(stream, headers);
      },
    });
    this.#beside.set(server, beside);
  }

  /** Takes no further calls on the connections of a server. */
  closeWhenDone(server: Server): void {
    this.#beside.get(server)?.closeWhenDone();
  }

  /** Resets what is still open on them. */
  cut(server: Server): void {
    this.#beside.get(server)?.cut();
  }

  /** Ends every call. */
  async close(): Promise<void> {
    const relay = await this.#relay?.catch(() => undefined);
    relay?.close();
  }

  async #answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    try {
      if (headers[":method"] !== "POST") sendOnlyHeaders(stream, { ":status": 405, allow: "POST" });
      else if (headers["content-type"]?.startsWith("application/grpc") !== true) {
        sendOnlyHeaders(stream, { ":status": 415 });
      } else {
        this.#check(headers);
        this.#relay ??= this.#makeRelay();
        (await this.#relay).relay(stream, headers);
      }
    } catch (thrown) {
      sendError(stream, errorFrom(thrown));
    }
  }

  #check(headers: IncomingHttpHeaders): void {
    const { loopbackHosts } = this.#options;
    if (loopbackHosts !== undefined) checkHost(headers[":authority"] ?? headers.host, loopbackHosts);
    const path = headers[":path"] ?? "";
    if (path.startsWith(PATH_START)) return;
    throw new TracAggError("unimplemented", `there is no ${path} here; ${PATH_START.slice(1, -1)} is`);
  }

  async #makeRelay(): Promise<GrpcRelay> {
    try {
      const [{ createStreamingServer }, { GrpcRelay: Relay }] = await Promise.all([
        import("./streaming-service.ts"),
        import("../../io/grpc-relay.ts"),
      ]);
      const server = await createStreamingServer(this.#options);
      return new Relay(server, { sendError, maxOpenCalls: MAX_OPEN_CALLS, what: "streamed queries" });
    } catch (thrown) {
      // The next call tries again.
      this.#relay = undefined;
      throw thrown;
    }
  }
}

function sendError(stream: ServerHttp2Stream, error: TracAggError): void {
  sendOnlyHeaders(stream, {
    ":status": 200,
    "content-type": "application/grpc",
    "grpc-status": tempoGrpcStatus(error),
    "grpc-message": percentEncoded(tempoErrorText(error).slice(0, MAX_MESSAGE_LENGTH)),
  });
}

/** As headers of gRPC carry text: everything but visible ASCII and the space escaped, byte by byte. */
function percentEncoded(text: string): string {
  return Array.from(Buffer.from(text), (byte) => {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    return isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}
