/** How much windows of time take. */

/** Bytes of windows at rest, and how many there are. */
export interface WindowSizes {
  readonly restingBytes: number;
  readonly windows: number;
  /** Those held as sums, not as bytes. */
  readonly liveWindows: number;
}

/** Adds up what windows take. */
export function sizesOf(
  all: Iterable<{ readonly window: { readonly restingBytes: number; readonly isLive: boolean } }>,
): WindowSizes {
  let restingBytes = 0;
  let windows = 0;
  let liveWindows = 0;
  for (const { window } of all) {
    restingBytes += window.restingBytes;
    windows++;
    if (window.isLive) liveWindows++;
  }
  return { restingBytes, windows, liveWindows };
}
