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
}

/** Room asked for before the first byte: holds a usual export request (512 spans) at once. */
export const FIRST_BODY_BYTES: number = 256 * 1024;

/** Length that the sender declares, undefined when it sends chunks. */
export function declaredLength(request: IncomingMessage): number | undefined {
  const header = request.headers["content-length"];
  return header === undefined ? undefined : Number(header);
}

/** Bytes to ask for before reading a body: what it declares, but never much for a promise alone. */
export function firstBodyBytes(request: IncomingMessage): number {
  return Math.min(declaredLength(request) ?? FIRST_BODY_BYTES, FIRST_BODY_BYTES);
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
 * Reads a whole body.
 *
 * @returns bytes of their own, not a view into a socket's buffer, since they may be kept for long
 * @throws TracAggError `too_large` over the limit, `cancelled` when the client goes away first, and whatever `onGrow`
 *   throws. The rest of the body is then left unread.
 */
export function readBody(request: IncomingMessage, options: ReadBodyOptions): Promise<Uint8Array> {
  const { maxBytes, onGrow } = options;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let total = 0;
    let allowed = firstBodyBytes(request);
    const finish = (error: unknown): void => {
      request.off("data", onData).off("end", onEnd).off("close", onGone).off("error", onGone);
      if (error === undefined) resolve(plainBytes(Buffer.concat(chunks, total)));
      else reject(error);
    };
    const onData = (chunk: Buffer): void => {
      total += chunk.length;
      try {
        if (total > maxBytes) throw bodyTooLarge(maxBytes, "more");
        if (total > allowed) {
          allowed = Math.max(total, Math.min(allowed * 2, declaredLength(request) ?? maxBytes));
          onGrow?.(allowed);
        }
      } catch (error) {
        request.pause();
        finish(error);
        return;
      }
      chunks.push(chunk);
    };
    const onEnd = (): void => finish(undefined);
    const onGone = (): void =>
      finish(new TracAggError("cancelled", "the client went away before its whole body had arrived"));
    request.on("data", onData).on("end", onEnd).on("close", onGone).on("error", onGone);
  });
}

function bodyTooLarge(maxBytes: number, came: string): TracAggError {
  return new TracAggError(
    "too_large",
    `request body: expected at most ${maxBytes} bytes, got ${came}; send smaller batches`,
  );
}
