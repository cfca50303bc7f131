/** The JSON shapes of Zipkin's v2 API. Member order is the order they are written in. */

/** What a span was to the network; absent: a local operation. */
export type ZipkinKind = "CLIENT" | "SERVER" | "PRODUCER" | "CONSUMER";

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
  readonly kind?: ZipkinKind;
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

/**
 * A span as it was read, whatever the format: ids padded, addresses in their one form, annotations in order. Names keep
 * their case. Every member is there, so that spans of all senders have one shape.
 */
export interface ZipkinReading {
  /** 16 or 32 digits, as Zipkin keeps it. */
  traceId: string;
  parentId: string | undefined;
  id: string;
  kind: ZipkinKind | undefined;
  /** "" without one. */
  name: string;
  /** Epoch microseconds; 0 without one. */
  timestamp: number;
  /** Microseconds; 0 without one. */
  duration: number;
  localEndpoint: ZipkinEndpoint | undefined;
  remoteEndpoint: ZipkinEndpoint | undefined;
  annotations: readonly ZipkinAnnotation[];
  tags: ReadonlyMap<string, string>;
  isDebug: boolean;
  isShared: boolean;
}
