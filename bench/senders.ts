/** Raw OTLP clients that cost little, so that the load generator is not what limits. */

import * as http from "node:http";
import * as http2 from "node:http2";

/** One prepared request body. */
export interface Body {
  readonly bytes: Uint8Array;
  readonly isGzip: boolean;
}

/** The server asks to come again (HTTP 429, 502, 503, 504, gRPC UNAVAILABLE): what exporters answer with a retry. */
export class RetryableRefusal extends Error {}

/** Sends bodies; resolves when the answer says stored, rejects otherwise, with {@link RetryableRefusal} where it fits. */
export interface Sender {
  send(body: Body): Promise<void>;
  close(): void;
}

/** https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const RETRYABLE_HTTP_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Where OTLP/HTTP requests go: `/v1/traces` unless the URL has a path of its own. */
function tracesUrl(url: string): URL {
  const { pathname } = new URL(url);
  return pathname === "/" ? new URL("/v1/traces", url) : new URL(url);
}

/** OTLP/HTTP with kept-alive connections. */
export function createHttpSender(url: string, connections: number): Sender {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const target = tracesUrl(url);
  return {
    send: ({ bytes, isGzip }) =>
      new Promise((resolve, reject) => {
        const headers = {
          "content-type": "application/x-protobuf",
          "content-length": bytes.length,
          ...(isGzip ? { "content-encoding": "gzip" } : {}),
        };
        const request = http.request(target, { method: "POST", agent, headers }, (response) => {
          response.resume();
          response.on("end", () => {
            const status = response.statusCode ?? 0;
            if (status >= 200 && status < 300) resolve();
            else if (RETRYABLE_HTTP_STATUS.has(status)) reject(new RetryableRefusal(`HTTP ${status}`));
            else reject(new Error(`HTTP ${status}`));
          });
        });
        request.on("error", reject);
        request.end(bytes);
      }),
    close: () => agent.destroy(),
  };
}

/** OTLP/gRPC over one HTTP/2 connection per four concurrent requests. */
export function createGrpcSender(address: string, concurrency: number): Sender {
  const sessions = Array.from({ length: Math.max(1, Math.ceil(concurrency / 4)) }, () =>
    http2.connect(`http://${address}`),
  );
  let turn = 0;
  return {
    send: (body) => grpcCall(sessions[turn++ % sessions.length] as http2.ClientHttp2Session, body),
    close: () => {
      for (const session of sessions) session.close();
    },
  };
}

const GRPC_UNAVAILABLE = "14";

function grpcCall(session: http2.ClientHttp2Session, { bytes, isGzip }: Body): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
      "content-type": "application/grpc",
      te: "trailers",
      ...(isGzip ? { "grpc-encoding": "gzip" } : {}),
    });
    let status: string | undefined;
    stream.on("response", (headers) => {
      status = headers["grpc-status"] as string | undefined;
    });
    stream.on("trailers", (trailers) => {
      status = trailers["grpc-status"] as string | undefined;
    });
    stream.on("error", reject);
    stream.on("close", () => {
      if (status === "0") resolve();
      else if (status === GRPC_UNAVAILABLE) reject(new RetryableRefusal("gRPC UNAVAILABLE"));
      else reject(new Error(`gRPC status ${status ?? "none"}`));
    });
    stream.resume();
    const prefix = Buffer.alloc(5);
    prefix[0] = isGzip ? 1 : 0;
    prefix.writeUInt32BE(bytes.length, 1);
    stream.write(prefix);
    stream.end(bytes);
  });
}
