/** Takes gRPC calls on the ports of HTTP: h2c with prior knowledge, as Grafana and gRPC's own clients dial. */

import type { Server } from "node:http";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Server as GrpcServer } from "@grpc/grpc-js";
import { errorFrom, TracAggError } from "../base/errors.ts";
import type { Metrics } from "../base/metrics.ts";
import type { GrpcRelay } from "../io/grpc-relay.ts";
import { percentEncoded, sendOnlyHeaders } from "../io/http2-answers.ts";
import { Http2BesideHttp1 } from "../io/http2-beside-http1.ts";
import { checkHost } from "./host-guard.ts";
import { toldText } from "./problem.ts";

/** Calls of one group open at once, over all connections: each is a query, and more of those are refused anyway. */
const DEFAULT_MAX_OPEN_CALLS = 200;
const MAX_MESSAGE_LENGTH = 1_024;

/** Services that one server of grpc-js answers. */
export interface GrpcGroup {
  /** What the calls are for, in messages. */
  readonly what: string;
  /** Beginnings of the paths of its calls: `/tempopb.StreamingQuerier/`. */
  readonly pathStarts: readonly string[];
  /** Calls open at once. Default 200. */
  readonly maxOpenCalls?: number;
  /** Makes the server, which listens nowhere; called with the first call, and again when that failed. */
  makeServer(): Promise<GrpcServer>;
  /** gRPC status of an error from before the server is reached; absent: that of its code. */
  readonly statusOf?: ((error: TracAggError) => number) | undefined;
}

/** What {@link GrpcPorts} works with. */
export interface GrpcPortsOptions {
  readonly metrics: Metrics;
  /** As for HTTP: see `CreateApiOptions`. */
  readonly loopbackHosts?: readonly string[] | undefined;
}

/** The gRPC calls of any number of HTTP servers; each group's server is made once, with its first call. */
export class GrpcPorts {
  readonly #loopbackHosts: readonly string[] | undefined;
  readonly #onCut: (reason: string) => void;
  readonly #beside = new Map<Server, Http2BesideHttp1>();
  readonly #relays = new Map<GrpcGroup, Promise<GrpcRelay>>();

  constructor({ metrics, loopbackHosts }: GrpcPortsOptions) {
    this.#loopbackHosts = loopbackHosts;
    const cuts = metrics.counter({
      name: "tracagg_api_http2_connections_cut_total",
      help: "HTTP/2 connections to the API that were cut, by reason.",
      labelNames: ["reason"],
    });
    this.#onCut = (reason) => cuts.add(1, { reason });
  }

  /** Lets a server take HTTP/2 connections too, for calls of these groups; before it listens. */
  attach(server: Server, groups: readonly GrpcGroup[]): void {
    const beside = new Http2BesideHttp1(server, {
      onCut: this.#onCut,
      onStream: (stream, headers) => {
        void this.#answer(groups, stream, headers);
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
    for (const made of this.#relays.values()) {
      const relay = await made.catch(() => undefined);
      relay?.close();
    }
  }

  async #answer(
    groups: readonly GrpcGroup[],
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
  ): Promise<void> {
    const path = headers[":path"] ?? "";
    const group = groups.find(({ pathStarts }) => pathStarts.some((start) => path.startsWith(start)));
    try {
      if (headers[":method"] !== "POST") sendOnlyHeaders(stream, { ":status": 405, allow: "POST" });
      else if (headers["content-type"]?.startsWith("application/grpc") !== true) {
        sendOnlyHeaders(stream, { ":status": 415 });
      } else {
        if (this.#loopbackHosts !== undefined) {
          checkHost(headers[":authority"] ?? headers.host, this.#loopbackHosts);
        }
        if (group === undefined) throw unknownPath(path, groups);
        (await this.#relayOf(group)).relay(stream, headers);
      }
    } catch (thrown) {
      sendError(group, stream, errorFrom(thrown));
    }
  }

  #relayOf(group: GrpcGroup): Promise<GrpcRelay> {
    const known = this.#relays.get(group);
    if (known !== undefined) return known;
    const made = makeRelay(group);
    this.#relays.set(group, made);
    // The next call tries again.
    made.catch(() => this.#relays.delete(group));
    return made;
  }
}

async function makeRelay(group: GrpcGroup): Promise<GrpcRelay> {
  const [server, { GrpcRelay: Relay }] = await Promise.all([
    group.makeServer(),
    import("../io/grpc-relay.ts"),
  ]);
  const { what, maxOpenCalls = DEFAULT_MAX_OPEN_CALLS } = group;
  return new Relay(server, {
    what,
    maxOpenCalls,
    sendError: (stream, error) => sendError(group, stream, error),
  });
}

function unknownPath(path: string, groups: readonly GrpcGroup[]): TracAggError {
  const services = groups.flatMap(({ pathStarts }) => pathStarts.map((start) => start.replaceAll("/", "")));
  const there =
    services.length === 0
      ? "no service is"
      : `there ${services.length === 1 ? "is" : "are"} ${services.join(", ")}`;
  return new TracAggError("unimplemented", `there is no ${path} here; ${there}`);
}

function sendError(group: GrpcGroup | undefined, stream: ServerHttp2Stream, error: TracAggError): void {
  sendOnlyHeaders(stream, {
    ":status": 200,
    "content-type": "application/grpc",
    "grpc-status": group?.statusOf?.(error) ?? error.meaning.grpcStatus,
    "grpc-message": percentEncoded(toldText(error).slice(0, MAX_MESSAGE_LENGTH)),
  });
}
