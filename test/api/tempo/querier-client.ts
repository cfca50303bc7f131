/** A client of `StreamingQuerier` by grpc-js, as Grafana's is by grpc-go. */

import { join } from "node:path";
import type { ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import { credentials, loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const PROTO = join(import.meta.dirname, "../../../proto");

export interface SearchMessage {
  readonly traces: readonly {
    readonly traceID: string;
    readonly spanSets: readonly { readonly matched: number }[];
  }[];
  readonly metrics: {
    readonly completedJobs: number;
    readonly totalJobs: number;
    readonly inspectedTraces: number;
  };
}

export interface TagsMessage {
  readonly tagNames: readonly string[];
  readonly scopes: readonly { readonly name: string; readonly tags: readonly string[] }[];
  readonly metrics: { readonly completedJobs: number; readonly totalJobs: number } | null;
}

export interface ValuesMessage {
  readonly tagValues: readonly (string | { readonly type: string; readonly value: string })[];
  readonly metrics: TagsMessage["metrics"];
}

export interface SeriesMessage {
  readonly series: readonly {
    readonly labels: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
    readonly value: number;
    readonly samples: readonly { readonly value: number; readonly timestamp_ms: string }[];
    readonly exemplars: readonly object[];
  }[];
  readonly metrics: SearchMessage["metrics"] | null;
  readonly status: string;
  readonly message: string;
}

type Call<Message> = (request: object, options?: object) => ClientReadableStream<Message>;

export interface QuerierClient {
  readonly Search: Call<SearchMessage>;
  readonly SearchTags: Call<TagsMessage>;
  readonly SearchTagsV2: Call<TagsMessage>;
  readonly SearchTagValues: Call<ValuesMessage>;
  readonly SearchTagValuesV2: Call<ValuesMessage>;
  readonly MetricsQueryRange: Call<SeriesMessage>;
  readonly MetricsQueryInstant: Call<SeriesMessage>;
  close(): void;
}

/** A client that takes messages of at most 1 MiB. */
export function querierOf(url: string): QuerierClient {
  const definition = loadSync("tempo/tempo.proto", {
    includeDirs: [PROTO],
    keepCase: true,
    defaults: true,
    longs: String,
    enums: String,
  });
  const { tempopb } = loadPackageDefinition(definition) as unknown as {
    readonly tempopb: { readonly StreamingQuerier: new (...args: unknown[]) => QuerierClient };
  };
  const options = { "grpc.max_receive_message_length": 1024 * 1024 };
  return new tempopb.StreamingQuerier(new URL(url).host, credentials.createInsecure(), options);
}

/** All messages of a call that ends well. */
export async function messagesOf<Message>(
  stream: ClientReadableStream<Message>,
): Promise<readonly Message[]> {
  const messages: Message[] = [];
  for await (const message of stream) messages.push(message as Message);
  return messages;
}

/** How a call fails. */
export async function failureOf(stream: ClientReadableStream<unknown>): Promise<ServiceError> {
  return await new Promise((resolve, reject) => {
    stream.on("error", resolve).on("end", () => reject(new Error("ended well")));
    stream.resume();
  });
}
