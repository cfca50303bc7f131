/** What is stored of profiles: names of call paths, windows that changed, and events. */

import type { BottleneckEvent } from "../analysis/profile/bottleneck-events.ts";
import { TracAggError } from "../base/errors.ts";
import type { ByteWriter } from "../base/varint-bytes.ts";
import { ByteReader } from "../base/varint-bytes.ts";
import type { BottleneckFeed, NumberedEvent } from "./bottleneck-feed.ts";
import type { BottleneckWatch } from "./bottleneck-watch.ts";
import type { ProfileRoots, RootsMark } from "./profile-roots.ts";
import type { ProfileWindow } from "./profile-window.ts";
import type { ProfileWindows } from "./profile-windows.ts";

const FORMAT = 1;

/** Changes on their way to the store. */
export interface ProfileChanges {
  /** False when there is nothing to store. */
  readonly isNew: boolean;
  /** The changes; what comes from now on is the next time's. */
  readonly bytes: () => Uint8Array;
  /** To be called when they are stored. */
  readonly stored: () => void;
  /** To be called when they could not be: they are the next time's. */
  readonly failed: () => void;
}

/** What is written of and read into. */
export interface StoredProfiles {
  readonly roots: ProfileRoots;
  readonly windows: ProfileWindows;
  readonly feed: BottleneckFeed;
  readonly watch: BottleneckWatch;
}

/** Which part of it is written. */
export interface ProfileSelection {
  readonly windows: readonly { readonly windowSeconds: number; readonly window: ProfileWindow }[];
  /** Numbers before are stored already; absent: none is. */
  readonly since?: RootsMark;
  readonly events: readonly NumberedEvent[];
}

/** Writes what {@link restoreProfiles} reads. */
export function writeProfiles(
  writer: ByteWriter,
  { roots, windows, feed, watch }: StoredProfiles,
  selection: ProfileSelection,
): void {
  writer.varint(FORMAT);
  writer.varint(windows.bounds.minutesSince);
  writer.varint(windows.bounds.heldSince);
  writer.varint(watch.doneUntil);
  roots.writeSince(writer, selection.since);
  writer.varint(selection.windows.length);
  for (const { windowSeconds, window } of selection.windows) {
    writer.varint(windowSeconds);
    writer.varint(window.startSeconds);
    writer.bytes(window.toBytes());
  }
  writer.varint(feed.lastId);
  writer.varint(selection.events.length);
  for (const { id, event } of selection.events) {
    writer.varint(id);
    writer.text(JSON.stringify({ ...event, timeUnixNano: event.timeUnixNano.toString() }));
  }
}

/** Takes a record in after those before it. @throws TracAggError `data_corrupt` when it is none, or one of a later format. */
export function restoreProfiles(bytes: Uint8Array, { roots, windows, feed, watch }: StoredProfiles): void {
  const reader = new ByteReader(bytes);
  const format = reader.varint();
  if (format !== FORMAT) {
    throw new TracAggError("data_corrupt", `expected stored profiles of format ${FORMAT}, got ${format}`);
  }
  const bounds = { minutesSince: reader.varint(), heldSince: reader.varint() };
  watch.restore(reader.varint());
  roots.restore(reader);
  for (let left = reader.varint(); left > 0; left--) {
    windows.restore(reader.varint(), reader.varint(), reader.bytes());
  }
  windows.restoreBounds(bounds);
  const lastId = reader.varint();
  const events: NumberedEvent[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    events.push({ id: reader.varint(), event: eventFrom(reader.text()) });
  }
  feed.restore(events, lastId);
}

function eventFrom(text: string): BottleneckEvent {
  const stored = JSON.parse(text) as Omit<BottleneckEvent, "timeUnixNano"> & {
    readonly timeUnixNano: string;
  };
  return { ...stored, timeUnixNano: BigInt(stored.timeUnixNano) };
}
