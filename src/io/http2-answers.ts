/** Answers of an HTTP/2 server that are over with their headers. */

import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { constants } from "node:http2";

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
