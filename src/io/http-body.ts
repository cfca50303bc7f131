/** Request bodies read into memory within limits. */

import type { IncomingMessage } from "node:http";
import { TracAggError } from "../base/errors.ts";
import { plainBytes } from "./bytes-view.ts";

/** Limits of {@link readBody}. */
export interface ReadBodyOptions {
  /** Largest body as sent, in bytes; more is `too_large`. */
  readonly maxBytes: number;
  /** Asked before memory for `bytes` of body in all is used; throw to refuse. Called again with more as it grows. */
  readonly onGrow?: (bytes: number) => void;
  /** Longest time without a byte. */
  readonly idleTimeoutMillis: number;
}

/** Room asked for before the first byte of a body of unknown length: holds a usual export request (512 spans). */
export const FIRST_BODY_BYTES: number = 256 * 1024;

/** Length that the sender declares, undefined when it sends chunks. */
export function declaredLength(request: IncomingMessage): number | undefined {
  const header = request.headers["content-length"];
  return header === undefined ? undefined : Number(header);
}

/** Bytes to ask for before reading a body: all that it declares, so that nothing is read that has to be refused later. */
export function firstBodyBytes(request: IncomingMessage): number {
  return declaredLength(request) ?? FIRST_BODY_BYTES;
}

/**
 * Refuses a body by its declared length, before a byte is read.
 *
 * @throws TracAggError `too_large`
 */
export function assertDeclaredLength(request: IncomingMessage, maxBytes: number): void {
  const declared = declaredLength(request);
  if (declared !== undefined && declared > maxBytes) throw bodyTooLarge(maxBytes, `${declared} declared`);
}

/**
 * Reads a whole body. Room for {@link firstBodyBytes} must have been found before.
 *
 * @returns bytes of their own, not a view into a socket's buffer, since they may be kept for long
 * @throws TracAggError `too_large` over the limit, `cancelled` when the client goes away first, `deadline_exceeded` when
 *   it stops sending, and whatever `onGrow` throws. The rest of the body is then left unread.
 */
export function readBody(request: IncomingMessage, options: ReadBodyOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const body = new GrowingBody(request, options);
    let isOver = false;
    const fail = (error: unknown): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(idle);
      request.pause();
      reject(error);
    };
    const onIdle = (): void => fail(tooSlow());
    const idle = setTimeout(onIdle, options.idleTimeoutMillis);
    const onData = (chunk: Buffer): void => {
      if (isOver) return;
      idle.refresh();
      try {
        body.add(chunk);
      } catch (error) {
        fail(error);
      }
    };
    const onEnd = (): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(idle);
      resolve(body.bytes());
    };
    const onGone = (): void => {
      if (!isOver) fail(goneAway());
    };
    request.on("data", onData).on("end", onEnd).on("close", onGone).on("error", onGone);
  });
}

function goneAway(): TracAggError {
  return new TracAggError("cancelled", "the client went away before its whole body had arrived");
}

function tooSlow(): TracAggError {
  return new TracAggError(
    "deadline_exceeded",
    "request body: no byte came for too long; send without pauses",
  );
}

/** What has arrived of a body, in one piece. Copied as it arrives: at the end it would be one long copy. */
class GrowingBody {
  readonly #maxBytes: number;
  readonly #onGrow: ((bytes: number) => void) | undefined;
  readonly #declared: number | undefined;
  #allowed: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;

  constructor(request: IncomingMessage, { maxBytes, onGrow }: ReadBodyOptions) {
    this.#maxBytes = maxBytes;
    this.#onGrow = onGrow;
    this.#declared = declaredLength(request);
    this.#allowed = this.#declared ?? FIRST_BODY_BYTES;
  }

  add(chunk: Buffer): void {
    const total = this.#length + chunk.length;
    if (total > this.#maxBytes) throw bodyTooLarge(this.#maxBytes, "more");
    if (total > this.#allowed) {
      this.#allowed = Math.max(total, Math.min(this.#allowed * 2, this.#maxBytes));
      this.#onGrow?.(this.#allowed);
    }
    if (this.#length === 0 && isAlone(chunk, this.#declared)) this.#bytes = plainBytes(chunk);
    else {
      if (total > this.#bytes.length) this.#makeRoom();
      this.#bytes.set(chunk, this.#length);
    }
    this.#length = total;
  }

  bytes(): Uint8Array {
    const isExact = this.#length === this.#bytes.length;
    // What is over of a body sent in chunks would be kept as long as the body.
    return isExact ? this.#bytes : this.#bytes.slice(0, this.#length);
  }

  /** The system gives memory only to pages that are written, so a declared length costs nothing by itself. */
  #makeRoom(): void {
    const grown = plainBytes(Buffer.allocUnsafeSlow(this.#declared ?? this.#allowed));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** True for a chunk that is all the body and has its memory for itself, as Node's HTTP parser hands them out. */
function isAlone(chunk: Buffer, declared: number | undefined): boolean {
  return chunk.length === declared && chunk.buffer.byteLength === chunk.length;
}

function bodyTooLarge(maxBytes: number, came: string): TracAggError {
  return new TracAggError(
    "too_large",
    `request body: expected at most ${maxBytes} bytes, got ${came}; send smaller batches`,
  );
}
