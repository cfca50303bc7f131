/** Windows of time in a record. */

import type { ByteReader, ByteWriter } from "../base/varint-bytes.ts";
import { RollupWindow } from "./rollup-window.ts";
import type { Rollups, UnfoldedWindow } from "./rollups.ts";

/** One window as bytes. */
export interface StoredWindow {
  readonly windowSeconds: number;
  readonly startSeconds: number;
  readonly bytes: Uint8Array;
}

/** A window that is to be stored, and its resolution. */
export interface WindowToStore {
  readonly windowSeconds: number;
  readonly window: RollupWindow;
}

/** All windows, or those that changed. */
export function windowsToStore(rollups: Rollups, isWhole: boolean): WindowToStore[] {
  return [...rollups.all()].filter(({ window }) => isWhole || window.isDirty);
}

/** Their bytes as they are now. */
export function storedWindows(windows: readonly WindowToStore[]): StoredWindow[] {
  return windows.map(({ windowSeconds, window }) => ({
    windowSeconds,
    startSeconds: window.startSeconds,
    bytes: window.toBytes(),
  }));
}

/** Puts windows back, and says which of them and of those put back before are not folded. */
export function restoreWindows(
  rollups: Rollups,
  windows: readonly StoredWindow[],
  unfolded: readonly UnfoldedWindow[],
): void {
  for (const { windowSeconds, startSeconds, bytes } of windows) {
    // A copy: a view would keep the whole record.
    rollups.restore(windowSeconds, new RollupWindow(startSeconds, bytes.slice()));
  }
  rollups.restoreUnfolded(unfolded);
}

/** Writes what {@link readWindows} reads. */
export function writeWindows(writer: ByteWriter, windows: readonly StoredWindow[]): void {
  writer.varint(windows.length);
  for (const { windowSeconds, startSeconds, bytes } of windows) {
    writer.varint(windowSeconds);
    writer.varint(startSeconds);
    writer.bytes(bytes);
  }
}

/** @throws TracAggError `data_corrupt` when the bytes are none of windows. */
export function readWindows(reader: ByteReader): StoredWindow[] {
  return listOf(reader, () => ({
    windowSeconds: reader.varint(),
    startSeconds: reader.varint(),
    bytes: reader.bytes(),
  }));
}

/** Writes what {@link readUnfolded} reads. */
export function writeUnfolded(writer: ByteWriter, unfolded: readonly UnfoldedWindow[]): void {
  writer.varint(unfolded.length);
  for (const { windowSeconds, startSeconds } of unfolded) {
    writer.varint(windowSeconds);
    writer.varint(startSeconds);
  }
}

/** @throws TracAggError `data_corrupt` when the bytes are none of that. */
export function readUnfolded(reader: ByteReader): UnfoldedWindow[] {
  return listOf(reader, () => ({ windowSeconds: reader.varint(), startSeconds: reader.varint() }));
}

/** As many items as the number before them says. */
export function listOf<T>(reader: ByteReader, item: () => T): T[] {
  const items: T[] = [];
  for (let left = reader.varint(); left > 0; left--) items.push(item());
  return items;
}
