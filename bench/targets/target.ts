/** A backend that takes OTLP and is watched from outside. */

import type { Protocol } from "../load/load-order.ts";
import type { ProcessReadings } from "../machine/process-readings.ts";

/** A running backend. */
export interface Target {
  /** `host:port` for gRPC, a URL for HTTP. */
  readonly endpoints: Readonly<Partial<Record<Protocol, string>>>;
  /** Undefined when nobody can look at the process. */
  readings(): ProcessReadings | undefined;
  /**
   * Resolves when what the last acknowledgement left to do is done, as far as it is done while running: with the time
   * (`performance.now()`) since when it is, or undefined when the stop does the rest.
   */
  settled(): Promise<number | undefined>;
  /** Ends the backend if the bench started it; resolves with the last readings. */
  stop(): Promise<ProcessReadings | undefined>;
}

/** A backend that the bench can measure, once or several times. */
export interface TargetKind {
  readonly name: string;
  /** What it can be sent over. */
  readonly protocols: readonly Protocol[];
  /** Starts it on an empty data folder, pinned to the server's core; one that already runs is only looked at. */
  start(dataFolder: string): Promise<Target>;
  /** Folder whose size is the disk use; undefined when there is none to measure. */
  dataFolder(given: string): string | undefined;
}
