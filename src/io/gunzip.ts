/** Gzip bodies made plain within a limit, so that a small body cannot become a large allocation. */

import { promisify } from "node:util";
import type { ZlibOptions } from "node:zlib";
import { gunzip, gunzipSync } from "node:zlib";
import { TracAggError } from "../base/errors.ts";
import { plainBytes } from "./bytes-view.ts";

/** Limits of {@link gunzipBounded}. */
export interface GunzipOptions {
  /** Largest result in bytes; more is `too_large`. */
  readonly maxBytes: number;
  /** Asked before memory for `bytes` of result is used; throw to refuse. Called again with more when needed. */
  readonly onGrow?: (bytes: number) => void;
}

/** Deflate never makes more than 1,032 bytes out of one (zlib's own figure), so a larger claim need not be believed. */
const MAX_DEFLATE_RATIO = 1_032;
const SMALLEST_GZIP_BYTES = 18;
/** What zlib wants free at the end of the output to notice that the stream is over without another round. */
const SPARE_OUTPUT_BYTES = 64;
const GROWTH_FACTOR = 4;
/** Up to here inflating takes less time than handing it to another thread and back (some 50 us). */
const MAX_INLINE_BYTES = 64 * 1024;

const gunzipOffThread = promisify<Uint8Array, ZlibOptions, Uint8Array>(gunzip);

/** True when the bytes begin as gzip does (RFC 1952, 2.3.1). */
function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 3 && bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
}

/**
 * Inflates a gzip body: a small one at once, a larger one on zlib's own threads.
 *
 * The length that the body claims for itself in its last four bytes (ISIZE, RFC 1952) is only a first guess: output
 * stops there, and a body that holds more (several members, or a lie) is inflated again with four times the room, up to
 * the limit. So memory in use never exceeds what `onGrow` was asked for.
 *
 * @throws TracAggError `too_large` over the limit, `invalid_argument` when the bytes are not gzip or are damaged.
 */
export async function gunzipBounded(body: Uint8Array, options: GunzipOptions): Promise<Uint8Array> {
  let room = firstGuess(body, options.maxBytes);
  for (;;) {
    options.onGrow?.(room);
    const plain = await gunzipInto(body, room);
    if (plain !== undefined) return plain;
    if (room >= options.maxBytes) throw tooLargeError(options.maxBytes);
    room = Math.min(options.maxBytes, room * GROWTH_FACTOR);
  }
}

function firstGuess(body: Uint8Array, maxBytes: number): number {
  if (body.length < SMALLEST_GZIP_BYTES || !isGzip(body)) {
    throw damagedError(`${body.length} bytes that do not begin and end as gzip does`);
  }
  const claimed = new DataView(body.buffer, body.byteOffset).getUint32(body.length - 4, true);
  // A claim beyond belief or limit is a cut body as a rule, and a bomb at worst: inflating tells which.
  const isCredible = claimed > 0 && claimed <= Math.min(maxBytes, body.length * MAX_DEFLATE_RATIO);
  return isCredible ? claimed : Math.min(maxBytes, body.length * GROWTH_FACTOR);
}

async function gunzipInto(body: Uint8Array, room: number): Promise<Uint8Array | undefined> {
  const options = { maxOutputLength: room, chunkSize: room + SPARE_OUTPUT_BYTES };
  try {
    return plainBytes(
      room <= MAX_INLINE_BYTES ? gunzipSync(body, options) : await gunzipOffThread(body, options),
    );
  } catch (thrown) {
    const error = thrown as NodeJS.ErrnoException;
    if (error.code === "ERR_BUFFER_TOO_LARGE") return undefined;
    throw damagedError(error.message);
  }
}

function tooLargeError(maxBytes: number): TracAggError {
  return new TracAggError(
    "too_large",
    `request body: expected at most ${maxBytes} bytes after decompression, got more; send smaller batches`,
  );
}

function damagedError(reason: string): TracAggError {
  return new TracAggError("invalid_argument", `request body: expected gzip, got damaged data (${reason})`);
}
