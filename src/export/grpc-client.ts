/** Unary gRPC calls of bytes over HTTP/2, so that a payload goes out as it is, compressed or not. */

import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { connect, constants } from "node:http2";
import type { PeerOptions } from "./http-post.ts";
import { gzipped, MAX_ANSWER_BYTES, trustedCertificates, unreachable } from "./http-post.ts";

/** How a call ended: any status that the server gave. */
export interface GrpcAnswer {
  /** gRPC status number. */
  readonly code: number;
  readonly message: string;
  /** The answer's message; empty when there was none. */
  readonly response: Uint8Array;
  /** `grpc-status-details-bin`: a `google.rpc.Status`. */
  readonly details: Uint8Array | undefined;
}

/** What is called with: plain bytes, and their gzip form where there is one. */
export interface GrpcMessage {
  readonly plain: () => Uint8Array;
  readonly gzip: Uint8Array | undefined;
}

/** Calls methods of one server. */
export interface GrpcClient {
  /**
   * @param path - `/package.Service/Method`
   * @throws TracAggError `unavailable` when nobody answers in time or the connection breaks.
   */
  call(path: string, message: GrpcMessage, signal: AbortSignal): Promise<GrpcAnswer>;
  close(): void;
}

const FRAME_HEADER_BYTES = 5;
const UNKNOWN = 2;
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;
/** What an HTTP status without a gRPC status means (gRPC, "HTTP to gRPC Status Code Mapping"). */
const CODE_OF_HTTP: Readonly<Record<number, number>> = Object.freeze({
  400: 13,
  401: 16,
  403: 7,
  404: UNIMPLEMENTED,
  429: UNAVAILABLE,
  502: UNAVAILABLE,
  503: UNAVAILABLE,
  504: UNAVAILABLE,
});

/** Makes a client; it connects with the first call, and anew after its connection is gone. */
export function createGrpcClient(options: PeerOptions): GrpcClient {
  return new Client(options);
}

class Client implements GrpcClient {
  readonly #options: PeerOptions;
  readonly #ca: Buffer | undefined;
  #session: ClientHttp2Session | undefined;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#ca = trustedCertificates(options.caFile);
  }

  async call(path: string, message: GrpcMessage, signal: AbortSignal): Promise<GrpcAnswer> {
    const { url, timeoutMillis, compression, headers } = this.#options;
    const isGzip = compression === "gzip";
    const body = isGzip ? (message.gzip ?? (await gzipped(message.plain()))) : message.plain();
    const session = this.#connected();
    try {
      const stream = session.request({
        ":method": "POST",
        ":path": path,
        ...headers,
        "content-type": "application/grpc",
        te: "trailers",
        "grpc-timeout": `${timeoutMillis}m`,
        ...(isGzip && { "grpc-encoding": "gzip" }),
      });
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMillis)]);
      return await answerTo(stream, { body, isGzip, limit });
    } catch (thrown) {
      // A peer that does not answer may be gone without a word: the next call connects anew.
      session.destroy();
      throw unreachable(url, thrown, timeoutMillis);
    }
  }

  close(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }

  #connected(): ClientHttp2Session {
    if (this.#session !== undefined && !this.#session.closed && !this.#session.destroyed) {
      return this.#session;
    }
    const { url } = this.#options;
    const session = connect(url.origin, this.#ca === undefined ? {} : { ca: this.#ca });
    // Every call hears of it by its own stream; a session without listener would end the process.
    session.on("error", () => {});
    session.unref();
    this.#session = session;
    return session;
  }
}

interface Sending {
  readonly body: Uint8Array;
  readonly isGzip: boolean;
  readonly limit: AbortSignal;
}

function frameHeader(length: number, isGzip: boolean): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header[0] = isGzip ? 1 : 0;
  header.writeUInt32BE(length, 1);
  return header;
}

function answerTo(stream: ClientHttp2Stream, { body, isGzip, limit }: Sending): Promise<GrpcAnswer> {
  return new Promise((resolve, reject) => {
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    let bytes = 0;
    const abort = (): void => {
      reject(limit.reason);
      stream.close(constants.NGHTTP2_CANCEL);
    };
    limit.addEventListener("abort", abort, { once: true });
    stream.on("response", (got) => {
      headers = got;
    });
    stream.on("trailers", (got) => {
      trailers = got;
    });
    stream.on("data", (chunk: Buffer) => {
      if (bytes < MAX_ANSWER_BYTES) chunks.push(chunk);
      bytes += chunk.length;
    });
    stream.on("error", reject);
    stream.on("close", () => {
      limit.removeEventListener("abort", abort);
      const answer = answerFrom(headers, trailers, Buffer.concat(chunks));
      if (answer === undefined) reject(new Error("the connection ended without an answer"));
      else resolve(answer);
    });
    stream.write(frameHeader(body.length, isGzip));
    stream.end(body);
  });
}

function answerFrom(
  headers: IncomingHttpHeaders,
  trailers: IncomingHttpHeaders,
  data: Buffer,
): GrpcAnswer | undefined {
  // An answer of headers alone has its status there.
  const last = trailers["grpc-status"] === undefined ? headers : trailers;
  const status = last["grpc-status"];
  if (status === undefined) return answerWithoutStatus(headers);
  const details = last["grpc-status-details-bin"];
  return {
    code: Number(status),
    message: decodedMessage(String(last["grpc-message"] ?? "")),
    response: messageIn(data),
    details: typeof details === "string" ? new Uint8Array(Buffer.from(details, "base64")) : undefined,
  };
}

/** Undefined for gRPC that broke off: a peer that dies after its headers must not count as one that refuses. */
function answerWithoutStatus(headers: IncomingHttpHeaders): GrpcAnswer | undefined {
  const http = headers[":status"];
  const isGrpc = headers["content-type"]?.startsWith("application/grpc") === true;
  if (http === undefined || isGrpc) return undefined;
  const message = `expected gRPC, got HTTP ${http}; is it the address of a gRPC port?`;
  const code = CODE_OF_HTTP[Number(http)] ?? UNKNOWN;
  return { code, message, response: new Uint8Array(0), details: undefined };
}

/** The first message, when it is whole and not compressed: nothing said that gzip answers are understood. */
function messageIn(data: Buffer): Uint8Array {
  if (data.length < FRAME_HEADER_BYTES || data[0] !== 0) return new Uint8Array(0);
  const end = FRAME_HEADER_BYTES + data.readUInt32BE(1);
  return end > data.length ? new Uint8Array(0) : new Uint8Array(data.subarray(FRAME_HEADER_BYTES, end));
}

/** `grpc-message` is percent-encoded. */
function decodedMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Written by a server that does not encode it.
    return text;
  }
}
