/** The receiver port: a listener that turns one protocol into calls of a span sink. */

import type { ListenAddress } from "../io/listen.ts";

/** A listener with a lifecycle. */
export interface Receiver {
  /** Listens. Rejects with `failed_precondition` when the address cannot be had. */
  start(): Promise<void>;
  /** Where it listens, with the real port when 0 was asked for. Throws `failed_precondition` before `start`. */
  address(): ListenAddress;
  /**
   * Takes no new connections, lets what was admitted finish within the stop timeout, then closes what is left.
   * Idempotent.
   */
  stop(): Promise<void>;
}
