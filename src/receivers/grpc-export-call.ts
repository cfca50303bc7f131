/** One export call over gRPC: room for its message is asked for while it arrives, and inflated only within it. */

import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { ErrorCode } from "../base/errors.ts";
import { errorFrom, TracAggError } from "../base/errors.ts";
import type { IngestRequest, IngestResult, Reservation, SpanSink } from "../ingest/span-sink.ts";
import { gunzipBounded } from "../io/gunzip.ts";
import { sendError, sendMessage } from "./grpc-answer.ts";
import type { GrpcMessage } from "./grpc-message.ts";
import { GrpcMessageReader } from "./grpc-message.ts";
import { timeoutMillisFrom } from "./grpc-timeout.ts";
import type { OtlpTransport } from "./receiver-metrics.ts";

/** What is sent in the calls of one receiver. */
export interface ExportProtocol {
  readonly transport: OtlpTransport;
  /**
   * Makes OTLP of a message that is something else; left out when messages are OTLP already.
   *
   * @param onGrow asked for room, in bytes of payload, before they are kept; throw to refuse
   */
  readonly payloadOf?: (message: Uint8Array, onGrow: (bytes: number) => void) => Promise<Uint8Array>;
  /** The message of a success. */
  response(result: IngestResult): Uint8Array;
}

/** What every call of one receiver shares. */
export interface ExportCallContext {
  readonly sink: SpanSink;
  readonly protocol: ExportProtocol;
  readonly maxRequestBytes: number;
  /** Time for the whole message to arrive. */
  readonly readTimeoutMillis: number;
  /** Told of each call's beginning. */
  readonly onOpen: () => void;
  /** Told of each call's end, before its answer leaves. */
  readonly onClose: (outcome: "accepted" | ErrorCode) => void;
}

/** The longest delay that a timer of Node takes. */
const MAX_TIMER_MILLIS = 2 ** 31 - 1;

/** Takes a call from its headers to its answer; never throws. */
export function answerExportCall(
  context: ExportCallContext,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): void {
  context.onOpen();
  new ExportCall(context, stream).begin(headers);
}

/** "reading" until the message is whole, "working" while it is inflated and in the sink, then "over". */
type Phase = "reading" | "working" | "over";

class ExportCall {
  readonly #context: ExportCallContext;
  readonly #stream: ServerHttp2Stream;
  readonly #reader: GrpcMessageReader;
  #phase: Phase = "reading";
  #reservation: Reservation | undefined;
  #readTimer: NodeJS.Timeout | undefined;
  #deadlineTimer: NodeJS.Timeout | undefined;
  /** The client went away, or had set a deadline that is over: whatever comes of the call, nobody hears of it. */
  #isGivenUp = false;

  constructor(context: ExportCallContext, stream: ServerHttp2Stream) {
    this.#context = context;
    this.#stream = stream;
    this.#reader = new GrpcMessageReader({
      maxBytes: context.maxRequestBytes,
      onGrow: (bytes) => this.#reservation?.grow(bytes),
    });
  }

  begin(headers: IncomingHttpHeaders): void {
    // What can be refused without the message is refused before it is read.
    try {
      this.#reservation = this.#context.sink.reserve(0);
      assertKnownEncoding(headers["grpc-encoding"]);
      this.#startTimers(timeoutMillisFrom(headers["grpc-timeout"] as string | undefined));
    } catch (error) {
      this.#refuse(error);
      return;
    }
    this.#stream.on("close", () => this.#onGone());
    this.#stream.on("data", (chunk: Uint8Array) => this.#onData(chunk));
    this.#stream.on("end", () => this.#onEnd());
  }

  #startTimers(timeoutMillis: number | undefined): void {
    const { readTimeoutMillis } = this.#context;
    if (timeoutMillis !== undefined && timeoutMillis <= MAX_TIMER_MILLIS) {
      this.#deadlineTimer = setTimeout(() => this.#onDeadline(), timeoutMillis);
      // The nearer of the two is enough.
      if (timeoutMillis <= readTimeoutMillis) return;
    }
    this.#readTimer = setTimeout(() => this.#refuse(readTimeoutError(readTimeoutMillis)), readTimeoutMillis);
  }

  #onData(chunk: Uint8Array): void {
    if (this.#phase !== "reading") return;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #onEnd(): void {
    // A stream that is reset ends too, before it closes.
    if (this.#stream.aborted) this.#onGone();
    if (this.#phase !== "reading") return;
    clearTimeout(this.#readTimer);
    try {
      this.#work(this.#reader.finish());
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** From here on the room stays taken until the work is done, also when the client goes away. */
  #work({ bytes, isCompressed }: GrpcMessage): void {
    this.#phase = "working";
    const result = isCompressed ? this.#inflateAndSubmit(bytes) : this.#submit({ payload: bytes });
    result.then(
      (done) => this.#answer(done),
      (error: unknown) => this.#refuse(error),
    );
  }

  async #inflateAndSubmit(gzipPayload: Uint8Array): Promise<IngestResult> {
    const payload = await gunzipBounded(gzipPayload, {
      maxBytes: this.#context.maxRequestBytes,
      onGrow: (bytes) => this.#reservation?.grow(gzipPayload.length + bytes),
    });
    if (this.#isGivenUp) throw goneError();
    return this.#submit({ payload, gzipPayload });
  }

  async #submit(request: Pick<IngestRequest, "payload" | "gzipPayload">): Promise<IngestResult> {
    const { protocol, sink } = this.#context;
    const { transport, payloadOf } = protocol;
    if (payloadOf === undefined) return sink.submit({ ...request, transport });
    const message = request.payload;
    const payload = await payloadOf(message, (bytes) => this.#reservation?.grow(message.length + bytes));
    return sink.submit({ payload, transport });
  }

  #answer(result: IngestResult): void {
    this.#close("accepted");
    sendMessage(this.#stream, this.#context.protocol.response(result));
  }

  #refuse(thrown: unknown): void {
    if (this.#phase === "over") return;
    const error = errorFrom(thrown);
    this.#close(error.code);
    sendError(this.#stream, error);
  }

  /** A deadline is the client's own: whether its reset or this timer comes first must not change what is counted. */
  #onDeadline(): void {
    sendError(this.#stream, new TracAggError("deadline_exceeded", "the deadline of the call is over"));
    this.#onGone();
  }

  #onGone(): void {
    clearTimeout(this.#deadlineTimer);
    this.#isGivenUp = true;
    if (this.#phase === "reading") this.#close("cancelled");
  }

  /** Whoever holds the answer may send the next request at once: the room is free before it leaves. */
  #close(outcome: "accepted" | ErrorCode): void {
    this.#phase = "over";
    clearTimeout(this.#readTimer);
    clearTimeout(this.#deadlineTimer);
    this.#reservation?.release();
    this.#context.onClose(outcome);
  }
}

function assertKnownEncoding(header: string | string[] | undefined): void {
  if (header === undefined || header === "identity" || header === "gzip") return;
  throw new TracAggError(
    "unimplemented",
    `grpc-encoding: expected gzip or identity, got ${JSON.stringify(String(header).slice(0, 100))}`,
  );
}

function readTimeoutError(timeoutMillis: number): TracAggError {
  return new TracAggError("deadline_exceeded", `the message did not arrive within ${timeoutMillis} ms`);
}

function goneError(): TracAggError {
  return new TracAggError("cancelled", "the client went away while its message was inflated");
}
