/** Answers of an HTTP/2 server that are over with their headers. */

import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { constants } from "node:http2";

/** Bytes that stand for themselves in `grpc-message`: visible ASCII and the space, without the percent sign. */
const NOT_PLAIN = /[^ -$&-~]+/g;

/** Answers with headers alone. */
export function sendOnlyHeaders(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  if (isOver(stream)) return;
  stream.respond(headers, { endStream: true });
  // RFC 9113, 8.1: asks the client to stop sending, without an error.
  if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
}

/** Whether nothing can be answered any more. */
export function isOver(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.closed || stream.headersSent;
}

/** Text as `grpc-message` carries it: percent signs and all bytes of UTF-8 beyond visible ASCII are escaped. */
export function percentEncoded(text: string): string {
  return text.replace(NOT_PLAIN, (part) =>
    Array.from(Buffer.from(part), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}
