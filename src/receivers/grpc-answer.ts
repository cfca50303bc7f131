/** How a gRPC call ends, in HTTP/2: headers, one message and trailers, or all in one block of headers. */

import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { TracAggError } from "../base/errors.ts";
import { isOver, sendOnlyHeaders } from "../io/http2-answers.ts";
import { grpcStatusHeaders } from "./grpc-status.ts";

/** What clients may compress with, told in every answer (contract G2). */
const ANSWER_HEADERS: OutgoingHttpHeaders = Object.freeze({
  ":status": 200,
  "content-type": "application/grpc",
  "grpc-accept-encoding": "identity,gzip",
});

const OK_TRAILERS: OutgoingHttpHeaders = Object.freeze({ "grpc-status": "0" });

/** An uncompressed message of no bytes: what a full success says (contract G3). */
const EMPTY_MESSAGE_FRAME: Uint8Array = new Uint8Array(5);

/** Answers OK with one message. Nobody is told when the client has gone away. */
export function sendMessage(stream: ServerHttp2Stream, message: Uint8Array): void {
  if (isOver(stream)) return;
  stream.respond(ANSWER_HEADERS, { waitForTrailers: true });
  stream.on("wantTrailers", sendOkTrailers);
  stream.end(message.length === 0 ? EMPTY_MESSAGE_FRAME : framed(message));
}

/** Answers with an error in one block of headers, and reads nothing more of what the client still sends. */
export function sendError(stream: ServerHttp2Stream, error: TracAggError): void {
  sendOnlyHeaders(stream, { ...ANSWER_HEADERS, ...grpcStatusHeaders(error) });
}

function sendOkTrailers(this: ServerHttp2Stream): void {
  this.sendTrailers(OK_TRAILERS);
}

function framed(message: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(EMPTY_MESSAGE_FRAME.length + message.length);
  frame.writeUInt8(0, 0);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, EMPTY_MESSAGE_FRAME.length);
  return frame;
}
