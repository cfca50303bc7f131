/** How much room V8 gives new objects (https://v8.dev/blog/trash-talk), which it never takes back from an idle process. */

import { setFlagsFromString } from "node:v8";

/** V8's own: the room doubles, up to 16 MiB three times over, when much of what was made lives on. */
const USUAL_GROWTH = 2;

/**
 * Keeps the room for new objects of the main thread as small as it is. Loading programs and reading data back makes
 * objects that live on, which V8 takes for a sign that more room would pay; for an idle process it never does.
 */
export function holdYoungHeap(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}

/** Lets the room grow with the work, as V8 does by itself. */
export function releaseYoungHeap(): void {
  setFlagsFromString(`--semi-space-growth-factor=${USUAL_GROWTH}`);
}
