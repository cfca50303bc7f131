/** Clients of Jaeger's query services by grpc-js, with messages as a client that has the .proto files sees them. */

import { join } from "node:path";
import type { ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import { credentials, loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const PROTO = join(import.meta.dirname, "../../../proto");

export interface SpanMessage {
  readonly trace_id: Buffer;
  readonly span_id: Buffer;
  readonly operation_name: string;
  readonly process: { readonly service_name: string };
}

export interface TracesMessage {
  readonly resource_spans: readonly {
    readonly scope_spans: readonly {
      readonly spans: readonly {
        readonly trace_id: Buffer;
        readonly span_id: Buffer;
        readonly name: string;
      }[];
    }[];
  }[];
}

export interface SummariesMessage {
  readonly summaries: readonly Readonly<Record<string, unknown>>[];
}

export interface OperationsMessage {
  readonly operations: readonly { readonly name: string; readonly span_kind: string }[];
  readonly operationNames?: readonly string[];
}

export interface DependenciesMessage {
  readonly dependencies: readonly {
    readonly parent: string;
    readonly child: string;
    readonly call_count: string;
  }[];
}

type Streamed<Message> = (request: object, options?: object) => ClientReadableStream<Message>;
type Unary<Message> = (
  request: object,
  callback: (error: ServiceError | null, message: Message) => void,
) => unknown;

interface Both<Trace> {
  readonly GetTrace: Streamed<Trace>;
  readonly FindTraces: Streamed<Trace>;
  readonly GetServices: Unary<{ readonly services: readonly string[] }>;
  readonly GetOperations: Unary<OperationsMessage>;
  readonly GetDependencies: Unary<DependenciesMessage>;
  close(): void;
}

export interface V3Client extends Both<TracesMessage> {
  readonly FindTraceSummaries: Streamed<SummariesMessage>;
}

export interface V2Client extends Both<{ readonly spans: readonly SpanMessage[] }> {
  readonly ArchiveTrace: Unary<object>;
}

type Client<Kind> = new (...args: unknown[]) => Kind;

/** Clients of both versions at `host:port`. */
export function clientsOf(host: string): { readonly v2: V2Client; readonly v3: V3Client; close(): void } {
  const definition = loadSync(["jaeger/api_v2/query.proto", "jaeger/api_v3/query_service.proto"], {
    includeDirs: [PROTO],
    keepCase: true,
    defaults: true,
    arrays: true,
    longs: String,
  });
  const { jaeger } = loadPackageDefinition(definition) as unknown as {
    readonly jaeger: {
      readonly api_v2: { readonly QueryService: Client<V2Client> };
      readonly api_v3: { readonly QueryService: Client<V3Client> };
    };
  };
  const v2 = new jaeger.api_v2.QueryService(host, credentials.createInsecure());
  const v3 = new jaeger.api_v3.QueryService(host, credentials.createInsecure());
  return {
    v2,
    v3,
    close: () => {
      v2.close();
      v3.close();
    },
  };
}

/** All messages of a call that ends well. */
export async function messagesOf<Message>(
  stream: ClientReadableStream<Message>,
): Promise<readonly Message[]> {
  const messages: Message[] = [];
  for await (const message of stream) messages.push(message as Message);
  return messages;
}

/** How a streamed call fails: code and text. */
export async function failureOf(stream: ClientReadableStream<unknown>): Promise<readonly [number, string]> {
  return await new Promise((resolve, reject) => {
    stream
      .on("error", (error: ServiceError) => resolve([error.code, error.details]))
      .on("end", () => reject(new Error("ended well")));
    stream.resume();
  });
}

/** The message of a unary call that ends well. */
export function messageOf<Message>(
  ask: (callback: (error: ServiceError | null, message: Message) => void) => unknown,
): Promise<Message> {
  return new Promise((resolve, reject) => {
    ask((error, message) => (error === null ? resolve(message) : reject(error)));
  });
}

/** How a unary call fails: code and text. */
export async function refusalOf(
  ask: (callback: (error: ServiceError | null) => void) => unknown,
): Promise<readonly [number, string]> {
  return await new Promise((resolve, reject) => {
    ask((error) => (error === null ? reject(new Error("ended well")) : resolve([error.code, error.details])));
  });
}
