/** The one message of a unary gRPC call, put together while it arrives. */

import { TracAggError } from "../base/errors.ts";
import { FIRST_BODY_BYTES } from "../io/http-body.ts";

/** Limits of {@link GrpcMessageReader}. */
export interface GrpcMessageLimits {
  /** Largest message as sent, in bytes. */
  readonly maxBytes: number;
  /** Asked before memory for `bytes` of message in all is used; throw to refuse. Called again with more as it grows. */
  readonly onGrow: (bytes: number) => void;
}

/** A message as it came. */
export interface GrpcMessage {
  /** Memory of their own, not a view into a socket's buffer, since they may be kept for long. */
  readonly bytes: Uint8Array;
  /** Whether the compression that the call named was used for this message. */
  readonly isCompressed: boolean;
}

/** One byte that says whether the message is compressed, four that say its length (gRPC over HTTP2). */
const FRAME_HEADER_BYTES = 5;

const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * Reads the frame that carries a message. Memory for a usual message is taken once, as its header gives the length; a
 * larger one gets it as its bytes arrive, since a length is only a promise.
 */
export class GrpcMessageReader {
  readonly #limits: GrpcMessageLimits;
  #headerBytes = 0;
  #flag = 0;
  #declaredBytes = 0;
  #receivedBytes = 0;
  #buffer = NOTHING;

  constructor(limits: GrpcMessageLimits) {
    this.#limits = limits;
  }

  /**
   * Takes the next bytes of the call.
   *
   * @throws TracAggError `too_large` as soon as the header says so, `invalid_argument`, `unimplemented` when a second
   *   message follows, and whatever `onGrow` throws
   */
  push(chunk: Uint8Array): void {
    const offset = this.#headerBytes < FRAME_HEADER_BYTES ? this.#readHeader(chunk) : 0;
    if (offset === chunk.length) return;
    const end = this.#receivedBytes + chunk.length - offset;
    if (end > this.#declaredBytes) throw cardinalityError("more than one");
    if (end > this.#buffer.length) this.#grow(end);
    this.#buffer.set(offset === 0 ? chunk : chunk.subarray(offset), this.#receivedBytes);
    this.#receivedBytes = end;
  }

  /**
   * The message, once the client has said that nothing follows.
   *
   * @throws TracAggError `unimplemented` when there was none, `invalid_argument` when a part is missing
   */
  finish(): GrpcMessage {
    if (this.#headerBytes === 0) throw cardinalityError("none");
    if (this.#headerBytes < FRAME_HEADER_BYTES || this.#receivedBytes < this.#declaredBytes) {
      throw new TracAggError(
        "invalid_argument",
        "message: the call ended before the whole message had arrived",
      );
    }
    return { bytes: this.#buffer, isCompressed: this.#flag === 1 && this.#declaredBytes > 0 };
  }

  #readHeader(chunk: Uint8Array): number {
    const end = Math.min(chunk.length, FRAME_HEADER_BYTES - this.#headerBytes);
    for (let index = 0; index < end; index++) {
      const byte = chunk[index] as number;
      if (this.#headerBytes === 0) this.#flag = byte;
      else this.#declaredBytes = this.#declaredBytes * 256 + byte;
      this.#headerBytes++;
    }
    if (this.#flag > 1) {
      throw new TracAggError(
        "invalid_argument",
        `message: expected a compressed flag of 0 or 1, got ${this.#flag}`,
      );
    }
    // The first bytes of a length are too much already when what they stand for is.
    if (this.#declaredBytes > this.#limits.maxBytes) throw tooLargeError(this.#limits.maxBytes);
    return end;
  }

  #grow(neededBytes: number): void {
    const wanted = Math.max(neededBytes, this.#buffer.length * 2, FIRST_BODY_BYTES);
    const bytes = Math.min(wanted, this.#declaredBytes);
    this.#limits.onGrow(bytes);
    // Every byte is written before the message is given out, and a pooled buffer would keep its pool alive.
    const grown = new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
    grown.set(this.#buffer.subarray(0, this.#receivedBytes));
    this.#buffer = grown;
  }
}

function tooLargeError(maxBytes: number): TracAggError {
  return new TracAggError(
    "too_large",
    `message: expected at most ${maxBytes} bytes, got more; send smaller batches`,
  );
}

/** What gRPC answers to a wrong number of messages (statuscodes.md: cardinality violation). */
function cardinalityError(came: string): TracAggError {
  return new TracAggError("unimplemented", `expected one message in the call, got ${came}`);
}
