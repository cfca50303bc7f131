/** One HTTP or HTTPS address that batches are posted to, over connections that are kept. */

import { readFileSync } from "node:fs";
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Agent, request as httpRequest } from "node:http";
import { request as httpsRequest, Agent as TlsAgent } from "node:https";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import { errorFrom, TracAggError } from "../base/errors.ts";
import { plainBytes } from "../io/bytes-view.ts";

/** Where a destination is and how it is talked to. */
export interface PeerOptions {
  readonly url: URL;
  /** Sent with every request; values may be secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** Longest time one request may take. */
  readonly timeoutMillis: number;
  readonly compression: "gzip" | "none";
  /** File with the certificates that are trusted; "" for those of the system. */
  readonly caFile: string;
}

/** Most of an answer that is read (contract, section 6: 64 KiB). */
export const MAX_ANSWER_BYTES: number = 64 * 1024;

/** An answer; what is longer than {@link MAX_ANSWER_BYTES} is cut. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** Posts to one address. */
export interface HttpPoster {
  /**
   * The answer, whatever its status.
   *
   * @throws TracAggError `unavailable` when nobody answers in time or the connection breaks.
   */
  post(body: Uint8Array, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer>;
  close(): void;
}

/** Requests go one after the other; a second connection is for one that the peer is closing. */
const MAX_SOCKETS = 2;

/**
 * Certificates to trust, undefined for those of the system.
 *
 * @throws TracAggError `invalid_argument` when the file cannot be read.
 */
export function trustedCertificates(caFile: string): Buffer | undefined {
  if (caFile === "") return undefined;
  try {
    return readFileSync(caFile);
  } catch (thrown) {
    const message = `ca: cannot read ${caFile}: ${errorFrom(thrown).message}`;
    throw new TracAggError("invalid_argument", message, { cause: thrown });
  }
}

/** Makes a poster; nothing is connected before the first post. */
export function createHttpPoster({ url, headers, timeoutMillis, caFile }: PeerOptions): HttpPoster {
  const isTls = url.protocol === "https:";
  const ca = isTls ? trustedCertificates(caFile) : undefined;
  const pool = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const agent = isTls ? new TlsAgent({ ...pool, ...(ca !== undefined && { ca }) }) : new Agent(pool);
  const open = isTls ? httpsRequest : httpRequest;
  return {
    post: (body, more, signal) => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMillis)]);
      const request = open(url, {
        method: "POST",
        agent,
        signal: limit,
        headers: { ...headers, ...more, "content-length": body.length },
      });
      request.end(body);
      return answerTo(request, url, timeoutMillis);
    },
    close: () => agent.destroy(),
  };
}

function answerTo(request: ClientRequest, url: URL, timeoutMillis: number): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (thrown: Error): void => reject(unreachable(url, thrown, timeoutMillis));
    request.once("error", fail);
    request.once("response", (response) => {
      readAnswer(response).then(resolve, fail);
    });
  });
}

async function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    // Read to its end all the same: only then the connection can be used again.
    if (bytes < MAX_ANSWER_BYTES) chunks.push(chunk);
    bytes += chunk.length;
  }
  const body = Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES);
  return { status: response.statusCode ?? 0, headers: response.headers, body: plainBytes(body) };
}

/** The error of a peer that did not answer; URLs are named without what may be secret in them. */
export function unreachable(url: URL, thrown: unknown, timeoutMillis: number): TracAggError {
  const error = thrown as NodeJS.ErrnoException;
  const isTimeout = error.name === "AbortError" || error.name === "TimeoutError";
  const reason = isTimeout ? `no answer within ${timeoutMillis} ms` : error.message || (error.code ?? "");
  const message = `${url.protocol}//${url.host}: ${reason}`;
  return new TracAggError("unavailable", message, { cause: thrown });
}

const gzipOffThread = promisify<Uint8Array, { readonly level: number }, Uint8Array>(gzip);

/** Level 1 takes a third of the time of the usual 6 and leaves spans a quarter larger. */
export async function gzipped(bytes: Uint8Array): Promise<Uint8Array> {
  return plainBytes(await gzipOffThread(bytes, { level: constants.Z_BEST_SPEED }));
}
