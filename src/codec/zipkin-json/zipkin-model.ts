/** The JSON shapes of Zipkin's v2 API. Member order is the order they are written in. */

/** A node of the network: at least one member is present. */
export interface ZipkinEndpoint {
  readonly serviceName?: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly port?: number;
}

/** An event; `timestamp` in epoch microseconds. */
export interface ZipkinAnnotation {
  readonly timestamp: number;
  readonly value: string;
}

/** A span; `timestamp` in epoch microseconds, `duration` in microseconds, at least 1. */
export interface ZipkinSpan {
  readonly traceId: string;
  readonly parentId?: string;
  readonly id: string;
  readonly kind?: "CLIENT" | "SERVER" | "PRODUCER" | "CONSUMER";
  readonly name?: string;
  readonly timestamp?: number;
  readonly duration?: number;
  readonly localEndpoint?: ZipkinEndpoint;
  readonly remoteEndpoint?: ZipkinEndpoint;
  readonly annotations?: readonly ZipkinAnnotation[];
  /** By key. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly debug?: true;
  readonly shared?: true;
}
