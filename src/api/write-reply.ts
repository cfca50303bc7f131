/** Writes an answer chunk by chunk, compressed when the client reads gzip. */

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Request, Response } from "express";
import type { Metrics } from "../base/metrics.ts";
import type { Reply } from "./endpoint.ts";

/** Shorter answers fit one packet or two; compressing them costs more than it saves. */
const MIN_GZIP_CHARACTERS = 2_048;

/** Small pieces are joined up to this size before they are written. */
const MIN_WRITE_CHARACTERS = 16 * 1024;

type Piece = string | Uint8Array;

/** The pieces of an answer, small ones of text joined. */
function* joined(pieces: Iterable<Piece>): Generator<Piece, void> {
  let text = "";
  for (const piece of pieces) {
    if (typeof piece !== "string") {
      yield piece;
      continue;
    }
    text += piece;
    if (text.length < MIN_WRITE_CHARACTERS) continue;
    yield text;
    text = "";
  }
  if (text !== "") yield text;
}

/** Lets other work of the process go on between two chunks. */
async function* paced(first: Piece, rest: Iterator<Piece>): AsyncIterable<Piece> {
  yield first;
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    const next = rest.next();
    if (next.done) return;
    yield next.value;
  }
}

/** What {@link writeReply} works with. */
export interface WriteReplyOptions {
  /** Aborts when the client has left, or the answer may not be held any longer: it is then dropped, and the connection cut. */
  readonly signal: AbortSignal;
  /** How long a client may take nothing of an answer, in milliseconds; then the connection is cut. */
  readonly idleMillis: number;
  /** Told when a client was cut off for that. */
  readonly onIdle: () => void;
}

/** Far beyond any pause of a network; a client that stands still for longer has gone or means harm. */
const ANSWER_IDLE_MILLIS = 30_000;

/** How answers are written whatever the request: who stands still is cut off, and counted. */
export function answerWriting(options: {
  readonly metrics: Metrics;
  /** Default 30,000. */
  readonly answerIdleMillis?: number | undefined;
}): Omit<WriteReplyOptions, "signal"> {
  const slowReaders = options.metrics.counter({
    name: "tracagg_api_slow_readers_total",
    help: "Answers that were cut off because the client took nothing of them for too long.",
  });
  return { idleMillis: options.answerIdleMillis ?? ANSWER_IDLE_MILLIS, onIdle: () => slowReaders.add(1) };
}

/**
 * Writes `reply`. Making pieces pauses while the client does not keep up, so that no more than a few lie in memory, and
 * ends when it leaves or takes nothing for too long.
 *
 * Nothing is sent before the first chunk is made, so a failure up to there still becomes a problem document; a later
 * one rejects after the connection was cut, which tells the client that the answer is not whole.
 */
export async function writeReply(
  request: Request,
  response: Response,
  reply: Reply,
  options: WriteReplyOptions,
): Promise<void> {
  if (reply.bytes !== undefined) {
    await writeBytes(request, response, { ...reply, bytes: reply.bytes }, options);
    return;
  }
  const chunks = joined(reply.chunks);
  const opening = chunks.next();
  const first = opening.done ? "" : opening.value;
  response.status(reply.status);
  response.setHeader("Content-Type", withCharset(reply.contentType));
  response.setHeader("Cache-Control", "no-store");
  response.setHeader("Vary", "Accept-Encoding");
  setHeaders(response, reply);
  const second = chunks.next();
  if (second.done && first.length < MIN_GZIP_CHARACTERS) {
    response.end(first);
    return;
  }
  const gzip = request.acceptsEncodings("gzip", "identity") === "gzip";
  if (gzip) response.setHeader("Content-Encoding", "gzip");
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  const body = Readable.from(paced(first, second.done ? chunks : resumed(second.value, chunks)));
  const { signal } = options;
  cutWhenIdle(response, options);
  if (gzip) await pipeline(body, createGzip(), response, { signal });
  else await pipeline(body, response, { signal });
  response.setTimeout(0);
}

async function writeBytes(
  request: Request,
  response: Response,
  reply: Reply & { readonly bytes: Uint8Array },
  options: WriteReplyOptions,
): Promise<void> {
  const { status, contentType, bytes } = reply;
  response.status(status);
  response.setHeader("Content-Type", contentType);
  response.setHeader("Cache-Control", "no-store");
  response.setHeader("Content-Length", bytes.length);
  setHeaders(response, reply);
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  cutWhenIdle(response, options);
  await pipeline(Readable.from([bytes]), response, { signal: options.signal });
  response.setTimeout(0);
}

function setHeaders(response: Response, { headers = {} }: Reply): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

/** Counts from the last byte the socket took, however slowly it takes them. */
function cutWhenIdle(response: Response, { idleMillis, onIdle }: WriteReplyOptions): void {
  response.setTimeout(idleMillis, () => {
    onIdle();
    response.destroy();
  });
}

function* resumed(value: Piece, rest: Iterator<Piece>): Generator<Piece, void> {
  yield value;
  for (let next = rest.next(); !next.done; next = rest.next()) yield next.value;
}

function withCharset(contentType: string): string {
  const isText = /^text\/|json/.test(contentType) && !contentType.includes("charset=");
  return isText ? `${contentType}; charset=utf-8` : contentType;
}
