/** What is stored of the topology: places, links between them, and the windows that count them. */

import type { ByteReader } from "../base/varint-bytes.ts";
import { ByteWriter } from "../base/varint-bytes.ts";
import type { Place } from "../model/place.ts";
import type { DayLinks, PlaceLink } from "../window/place-links.ts";
import type { UnfoldedWindow } from "./rollups.ts";
import type { StoredWindow } from "./stored-windows.ts";
import { listOf, readUnfolded, readWindows, writeUnfolded, writeWindows } from "./stored-windows.ts";

/** Part of a record. */
export interface TopologyRecord {
  readonly places: readonly (readonly [id: number, place: Place])[];
  readonly days: readonly DayLinks[];
  readonly windows: readonly StoredWindow[];
  /** The windows, of this record or those before, that are not folded into longer ones. */
  readonly unfolded: readonly UnfoldedWindow[];
}

/** The bytes of the part. */
export function encodeTopology({ places, days, windows, unfolded }: TopologyRecord): Uint8Array {
  const writer = new ByteWriter();
  writer.varint(places.length);
  for (const [id, { namespace, instance, host, zone, cluster }] of places) {
    writer.varint(id);
    for (const text of [namespace, instance, host, zone, cluster]) writer.text(text);
  }
  writer.varint(days.length);
  for (const { day, first, links } of days) {
    writer.varint(day);
    writer.varint(first);
    writer.varint(links.length);
    for (const { pair, from, to } of links) for (const number of [pair, from, to]) writer.varint(number);
  }
  writeWindows(writer, windows);
  writeUnfolded(writer, unfolded);
  return writer.finish();
}

/** @throws TracAggError `data_corrupt` when the bytes are none of that. */
export function decodeTopology(reader: ByteReader): TopologyRecord {
  return {
    places: listOf(reader, () => [reader.varint(), placeFrom(reader)]),
    days: listOf(reader, () => ({
      day: reader.varint(),
      first: reader.varint(),
      links: listOf(
        reader,
        (): PlaceLink => ({ pair: reader.varint(), from: reader.varint(), to: reader.varint() }),
      ),
    })),
    windows: readWindows(reader),
    unfolded: readUnfolded(reader),
  };
}

function placeFrom(reader: ByteReader): Place {
  return {
    namespace: reader.text(),
    instance: reader.text(),
    host: reader.text(),
    zone: reader.text(),
    cluster: reader.text(),
  };
}
