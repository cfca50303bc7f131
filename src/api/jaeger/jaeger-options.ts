/** What Jaeger's HTTP API works with. */

import type { Clock } from "../../base/clock.ts";
import type { Queries } from "../../query/queries.ts";
import type { ForeignAppOptions } from "../foreign-api.ts";

/** How the Jaeger API is set up. */
export interface JaegerSettings {
  /** Folder of the built assets of Jaeger's UI, "" for none. */
  readonly uiDir: string;
  /** File with the configuration of the UI, `.json` or `.js`; "" for TracAgg's own. */
  readonly uiConfig: string;
}

/** What `createJaegerApi` works with. */
export interface JaegerApiOptions extends ForeignAppOptions {
  /** Version of TracAgg. */
  readonly version: string;
  readonly queries: Queries;
  readonly clock: Clock;
  readonly jaeger: JaegerSettings;
}
