/** What all receivers count, made once for all of them. */

import type { ErrorCode } from "../base/errors.ts";
import type { Metrics } from "../base/metrics.ts";
import type { ConnectionCut } from "../io/http2-connections.ts";

/** Label of the counters: protocol and encoding of a request; "otlp_http" when its encoding is not known. */
export type OtlpTransport =
  | "otlp_grpc"
  | "otlp_http"
  | "otlp_http_protobuf"
  | "otlp_http_json"
  | "jaeger_grpc"
  | "jaeger_thrift_http"
  | "zipkin_grpc"
  | "zipkin_http_json_v1"
  | "zipkin_http_json_v2"
  | "zipkin_http_proto3";

/**
 * Counters over requests. Once nothing is in flight:
 * `tracagg_received_requests_total` = `tracagg_accepted_requests_total` + `tracagg_refused_requests_total`.
 */
export interface ReceiverMetrics {
  /** One answer was given: "accepted" also when some spans were refused. */
  answered(transport: OtlpTransport, outcome: "accepted" | ErrorCode): void;
  /** A connection was cut for what its peer did, or closed at once because there were too many. */
  connectionCut(transport: OtlpTransport, reason: ConnectionCut): void;
  /** A sender used enum names or snake_case keys in OTLP/JSON (contract J2, J3). */
  lenientNames(count: number): void;
}

/** Registers the counters of all receivers; give the result to each of them. */
export function createReceiverMetrics(metrics: Metrics): ReceiverMetrics {
  const received = metrics.counter({
    name: "tracagg_received_requests_total",
    help: "Requests answered or given up, by transport: accepted plus refused.",
    labelNames: ["transport"],
  });
  const accepted = metrics.counter({
    name: "tracagg_accepted_requests_total",
    help: "Requests answered with success or partial success.",
    labelNames: ["transport"],
  });
  const refused = metrics.counter({
    name: "tracagg_refused_requests_total",
    help: "Requests refused, by error code; cancelled means that the client went away.",
    labelNames: ["code", "transport"],
  });
  const cut = metrics.counter({
    name: "tracagg_cut_connections_total",
    help: "Connections cut: no answer to a ping, a breach of the protocol (floods among them), too many of them.",
    labelNames: ["reason", "transport"],
  });
  const lenient = metrics.counter({
    name: "tracagg_otlp_json_lenient_names_total",
    help: "Enum names and snake_case keys read in OTLP/JSON although the protocol forbids them.",
  });
  return {
    answered: (transport, outcome) => {
      received.add(1, { transport });
      if (outcome === "accepted") accepted.add(1, { transport });
      else refused.add(1, { code: outcome, transport });
    },
    connectionCut: (transport, reason) => cut.add(1, { reason, transport }),
    lenientNames: (count) => {
      if (count > 0) lenient.add(count);
    },
  };
}
