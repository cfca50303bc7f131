/** An HTTP/1.1 server for one small job: limits, a start that explains itself, a stop that ends. */

import type { RequestListener, Server } from "node:http";
import { createServer } from "node:http";
import { TracAggError } from "../base/errors.ts";
import type { ListenAddress } from "./listen.ts";
import { listen } from "./listen.ts";

/** Options of {@link HttpPort}. */
export interface HttpPortOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Names the listener in messages. */
  readonly what: string;
  readonly listener: RequestListener;
  /** 1,000: those who ask here are few. Further connections are closed at once. */
  readonly maxConnections?: number;
  /** 5,000 for what was admitted to finish when stopping. */
  readonly stopTimeoutMillis?: number;
}

const REQUEST_TIMEOUT_MILLIS = 60_000;
const KEEP_ALIVE_MILLIS = 75_000;
const MAX_HEADER_BYTES = 16 * 1024;

/** The server; nothing listens before {@link start}. */
export class HttpPort {
  readonly #options: HttpPortOptions;
  readonly #server: Server;
  #address: ListenAddress | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: HttpPortOptions) {
    this.#options = options;
    this.#server = createServer({
      keepAliveTimeout: KEEP_ALIVE_MILLIS,
      headersTimeout: REQUEST_TIMEOUT_MILLIS,
      requestTimeout: REQUEST_TIMEOUT_MILLIS,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    this.#server.maxConnections = options.maxConnections ?? 1_000;
    this.#server.on("request", options.listener).on("checkContinue", options.listener);
  }

  /** Listens. Rejects with `failed_precondition` when the address cannot be had. */
  async start(): Promise<void> {
    const { host, port, what } = this.#options;
    this.#address = await listen(this.#server, { host, port }, what);
  }

  /** Where it listens. Throws `failed_precondition` before {@link start}. */
  address(): ListenAddress {
    if (this.#address !== undefined) return this.#address;
    throw new TracAggError(
      "failed_precondition",
      `${this.#options.what}: not listening yet; await start() first`,
    );
  }

  /** Takes no new connections, lets requests under way finish within the timeout, then cuts. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= closeHttpServer(this.#server, this.#options.stopTimeoutMillis);
    return this.#stopped;
  }
}

/** For what was admitted to finish when stopping. */
const STOP_TIMEOUT_MILLIS = 5_000;

/** Takes no new connections, lets requests under way finish within the timeout (5,000 ms by default), then cuts. */
export function closeHttpServer(server: Server, timeoutMillis: number = STOP_TIMEOUT_MILLIS): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), timeoutMillis);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
  });
}
