/** The port that knows which names occur. */

import type { SpanKind } from "../model/span-kind.ts";

/** An operation of a service: span name and kind. */
export interface Operation {
  readonly name: string;
  readonly kind: SpanKind;
}

/** Names seen in the stored spans; what retention removed may stay listed until the next start. */
export interface Catalogue {
  /** Distinct service names, sorted by code unit. */
  services(): Promise<readonly string[]>;
  /** Distinct operations of a service, sorted by name, then kind; empty for an unknown service. */
  operations(serviceName: string): Promise<readonly Operation[]>;
}
