/** A call whose answer comes in parts. */

import type { QueryCaller } from "../../query/query-limiter.ts";

/** Sends one message; resolves when more may be sent. */
export type SendMessage = (message: Uint8Array) => Promise<void>;

/** One call being answered. */
export interface StreamedCall {
  readonly request: object;
  readonly send: SendMessage;
  /** Gone when the call is cancelled or its deadline is over. */
  readonly caller: QueryCaller;
}
