/** An answer for HTTP/2 clients at a port that speaks HTTP/1.1. */

/** How every HTTP/2 connection begins (RFC 9113, 3.4), as far as it can be told from HTTP/1.1. */
export const HTTP2_PREFACE_START: string = "PRI * HTTP/2.0";
const FRAME_TYPE_SETTINGS = 4;
const FRAME_TYPE_GOAWAY = 7;
const ERROR_HTTP_1_1_REQUIRED = 0xd;

/** True when these bytes open an HTTP/2 connection. */
export function isHttp2Preface(bytes: Uint8Array): boolean {
  return (
    Buffer.from(bytes.subarray(0, HTTP2_PREFACE_START.length)).toString("latin1") === HTTP2_PREFACE_START
  );
}

/**
 * SETTINGS and GOAWAY frames (RFC 9113, 6.5 and 6.8) that close the connection with a text: gRPC clients show the debug
 * data of a GOAWAY, whereas an HTTP/1.1 answer would be noise to them.
 */
export function http2Refusal(message: string): Uint8Array {
  const debugData = Buffer.from(message, "utf8");
  const goAway = Buffer.alloc(8 + debugData.length);
  goAway.writeUInt32BE(ERROR_HTTP_1_1_REQUIRED, 4);
  debugData.copy(goAway, 8);
  return Buffer.concat([frame(FRAME_TYPE_SETTINGS, Buffer.alloc(0)), frame(FRAME_TYPE_GOAWAY, goAway)]);
}

function frame(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(body.length, 0, 3);
  header.writeUInt8(type, 3);
  return Buffer.concat([header, body]);
}
