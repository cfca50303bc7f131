/** Routes of the Tempo API as data. */

import type { Reply } from "../endpoint.ts";
import type { ForeignRequest, ForeignRoute } from "../foreign-api.ts";
import type { TempoForm } from "./tempo-parameters.ts";

/** What a route is given. */
export interface TempoRequest extends Omit<ForeignRequest, "body"> {
  /** What {@link ForeignRequest.accept} asks for. */
  readonly form: TempoForm;
  /** Reads the body of a POST. */
  readonly body: () => Promise<Uint8Array>;
}

/** One path and method. */
export interface TempoRoute extends Omit<ForeignRoute, "reply"> {
  reply(request: TempoRequest): Promise<Reply>;
}

/** A short answer of plain text. */
export function textReply(text: string, status = 200): Reply {
  return { status, contentType: "text/plain", chunks: [text] };
}
