/** The codes that every question to the store can be refused with. */

import type { ErrorCode } from "../../base/errors.ts";

/** Bad parameters, more memory than there is for it, too many queries, too slow, or a fault of ours. */
export const QUERY_ERRORS: readonly ErrorCode[] = Object.freeze([
  "invalid_argument",
  "too_large",
  "overloaded",
  "deadline_exceeded",
  "internal",
]);
