/** Admission of gRPC calls: room for a message is asked for while it arrives, and inflated only within it. */

import type { Readable } from "node:stream";
import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { ServerInterceptingCall } from "@grpc/grpc-js";
import type { ErrorCode } from "../base/errors.ts";
import { errorFrom, TracAggError } from "../base/errors.ts";
import type { Reservation, SpanSink } from "../ingest/span-sink.ts";
import { plainBytes } from "../io/bytes-view.ts";
import { gunzipBounded, isGzip } from "../io/gunzip.ts";
import { grpcStatusFrom } from "./grpc-status.ts";

/** What a call's handler gets as its request. */
export interface AdmittedMessage {
  readonly payload: Uint8Array;
  /** The message as it came, when it came under gzip. */
  readonly gzipPayload?: Uint8Array;
  /**
   * Takes the call over from admission: the room stays reserved, also when the client goes away, until the
   * function returned is called.
   */
  take(): () => void;
}

/** Options of {@link grpcAdmission}. */
export interface GrpcAdmissionOptions {
  readonly sink: SpanSink;
  readonly maxRequestBytes: number;
  /** Time for the whole message to arrive. */
  readonly readTimeoutMillis: number;
  /** Told of each call's beginning and end. */
  readonly onOpen: () => void;
  readonly onClose: () => void;
  /** Told of each call that ends before its handler took it. */
  readonly onRefused: (code: ErrorCode) => void;
}

/**
 * What grpc-js keeps to itself about a call, and admission needs. grpc-js bounds each inflated message, but not
 * what all calls hold together: a hundred calls of 64 MiB would be 6 GiB before any handler ran. So the bytes are
 * counted here as they arrive, and grpc-js is told that the message is not compressed; it is inflated here, within a
 * reservation, and the compressed form is kept for the log. Should a later grpc-js hide these fields, messages are
 * counted once whole and inflated by grpc-js: still right, but less tightly bounded; tests of this file would fail.
 */
interface CallInternals {
  incomingEncoding?: string;
  readonly stream?: Readable & { readonly aborted?: boolean };
}

const FRAME_HEADER_BYTES = 5;

/** What clients may compress with, told in every answer: grpc-js would say deflate too. */
const ACCEPTED_ENCODINGS = "identity,gzip";

/** Puts admission before a call of grpc-js; its handler gets an {@link AdmittedMessage} as its request. */
export function admitCall(
  options: GrpcAdmissionOptions,
  call: ServerInterceptingCallInterface,
): ServerInterceptingCall {
  return new Admission(options, call).intercepted();
}

/** One call from its headers to its end. */
class Admission {
  readonly #options: GrpcAdmissionOptions;
  readonly #call: ServerInterceptingCallInterface & CallInternals;
  #reservation: Reservation | undefined;
  #readTimer: NodeJS.Timeout | undefined;
  #receivedBytes = 0;
  #declaredBytes = 0;
  #isTaken = false;
  #isOver = false;

  constructor(options: GrpcAdmissionOptions, call: ServerInterceptingCallInterface) {
    this.#options = options;
    this.#call = call as ServerInterceptingCallInterface & CallInternals;
  }

  intercepted(): ServerInterceptingCall {
    return new ServerInterceptingCall(this.#call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, proceed) => {
            if (this.#open()) proceed(metadata);
          },
          onReceiveMessage: (message: Uint8Array, proceed) => {
            this.#read(message, proceed);
          },
          onCancel: () => this.#giveUp("cancelled"),
        }),
      sendMetadata: (metadata, next) => {
        metadata.set("grpc-accept-encoding", ACCEPTED_ENCODINGS);
        next(metadata);
      },
      sendStatus: (status, next) => {
        // Before the handler took the call only grpc-js answers: no message, more than one, or a part of one.
        this.#giveUp(this.#call.stream?.aborted === true ? "cancelled" : "invalid_argument");
        next(status);
      },
    });
  }

  #open(): boolean {
    this.#options.onOpen();
    try {
      this.#reservation = this.#options.sink.reserve(0);
      this.#takeOverInflating();
    } catch (error) {
      this.#refuse(error);
      return false;
    }
    this.#readTimer = setTimeout(
      () => this.#refuse(readTimeoutError(this.#options)),
      this.#options.readTimeoutMillis,
    );
    this.#call.stream?.prependListener("data", (chunk: Uint8Array) => this.#count(chunk));
    return true;
  }

  #takeOverInflating(): void {
    const encoding = this.#call.incomingEncoding ?? "identity";
    if (encoding !== "gzip" && encoding !== "identity") {
      throw new TracAggError(
        "unimplemented",
        `grpc-encoding: expected gzip or identity, got ${JSON.stringify(encoding.slice(0, 100))}`,
      );
    }
    this.#call.incomingEncoding = "identity";
  }

  #count(chunk: Uint8Array): void {
    if (this.#isOver) return;
    try {
      this.#assertDeclaredLength(chunk);
      this.#receivedBytes += chunk.length;
      if (this.#receivedBytes > this.#options.maxRequestBytes + FRAME_HEADER_BYTES) {
        throw messageTooLarge(this.#options.maxRequestBytes);
      }
      this.#reservation?.grow(this.#receivedBytes);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** A message says its length in the last four bytes of its frame header: too much is refused before it arrives. */
  #assertDeclaredLength(chunk: Uint8Array): void {
    const end = Math.min(chunk.length, FRAME_HEADER_BYTES - this.#receivedBytes);
    for (let index = 0; index < end; index++) {
      const isFlag = this.#receivedBytes + index === 0;
      if (!isFlag) this.#declaredBytes = this.#declaredBytes * 256 + (chunk[index] as number);
    }
    if (end > 0 && this.#declaredBytes > this.#options.maxRequestBytes) {
      throw messageTooLarge(this.#options.maxRequestBytes);
    }
  }

  #read(message: Uint8Array, proceed: (message: AdmittedMessage) => void): void {
    clearTimeout(this.#readTimer);
    this.#inflated(message).then(
      (admitted) => {
        if (!this.#isOver) proceed(admitted);
      },
      (error: unknown) => this.#refuse(error),
    );
  }

  /** A message that begins as gzip is under gzip: as protobuf its first byte would be a wire type that is not. */
  async #inflated(message: Uint8Array): Promise<AdmittedMessage> {
    const take = (): (() => void) => this.#take();
    if (!isGzip(message)) return { payload: plainBytes(message), take };
    const payload = await gunzipBounded(message, {
      maxBytes: this.#options.maxRequestBytes,
      onGrow: (bytes) => this.#reservation?.grow(message.length + bytes),
    });
    return { payload, gzipPayload: message, take };
  }

  #take(): () => void {
    this.#isTaken = true;
    return () => this.#close();
  }

  #refuse(thrown: unknown): void {
    if (this.#isOver) return;
    const error = errorFrom(thrown);
    this.#giveUp(error.code);
    this.#call.sendStatus(grpcStatusFrom(error));
  }

  #giveUp(code: ErrorCode): void {
    if (this.#isOver || this.#isTaken) return;
    this.#close();
    this.#options.onRefused(code);
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#readTimer);
    this.#reservation?.release();
    this.#options.onClose();
  }
}

function messageTooLarge(maxBytes: number): TracAggError {
  return new TracAggError(
    "too_large",
    `message: expected at most ${maxBytes} bytes, got more; send smaller batches`,
  );
}

function readTimeoutError({ readTimeoutMillis }: GrpcAdmissionOptions): TracAggError {
  return new TracAggError("deadline_exceeded", `the message did not arrive within ${readTimeoutMillis} ms`);
}
