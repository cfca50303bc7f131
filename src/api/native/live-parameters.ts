/** Parameters that everything takes that asks live statistics. */

import { momentParameter, wholeNumberParameter } from "../query-parameters.ts";

const MAX_HOPS = 10;

/** `start` and `end`. */
export const LIVE_RANGE_PARAMETERS: {
  readonly start: ReturnType<typeof momentParameter>;
  readonly end: ReturnType<typeof momentParameter>;
} = Object.freeze({
  start: momentParameter(
    "Only what started at or after this time, in whole windows; absent: all that is held.",
  ),
  end: momentParameter("Only what started before this time, in whole windows; absent: up to now."),
});

/** `hops`. */
export const hopsParameter: ReturnType<typeof wholeNumberParameter> = wholeNumberParameter(
  "Edges from the focus to the rim of its neighbourhood.",
  { minimum: 1, maximum: MAX_HOPS, default: 1 },
);
