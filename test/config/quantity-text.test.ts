import fc from "fast-check";
import { expect, it } from "vitest";
import { nearestName } from "../../src/base/nearest-name.ts";
import {
  bytesFromText,
  millisFromText,
  textFromBytes,
  textFromMillis,
} from "../../src/config/quantity-text.ts";

it.each([
  ["0", 0],
  ["4096", 4_096],
  ["10GiB", 10 * 1024 ** 3],
  ["1.5 MB", 1_500_000],
  ["64mib", 64 * 1024 ** 2],
  ["2kB", 2_000],
  ["0.3B", undefined],
  ["ten", undefined],
  ["-1", undefined],
  ["1e3", undefined],
  ["5 G", undefined],
])("reads %j as %s bytes", (text, bytes) => {
  expect(bytesFromText(text)).toBe(bytes);
});

it.each([
  ["75s", 75_000],
  ["7d", 604_800_000],
  ["1h30m", 5_400_000],
  ["250ms", 250],
  ["0.5s", 500],
  ["10", undefined],
  ["1y", undefined],
  ["", undefined],
  ["0.0001s", undefined],
])("reads %j as %s ms", (text, millis) => {
  expect(millisFromText(text)).toBe(millis);
});

it("writes quantities so that they are read back exactly", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 49 }), (amount) => {
      expect(bytesFromText(textFromBytes(amount))).toBe(amount);
      expect(millisFromText(textFromMillis(amount))).toBe(amount);
    }),
  );
});

it.each([
  ["retenton", "retention"],
  ["recievers", "receivers"],
  ["RETENTION", "retention"],
  ["zebra", undefined],
  ["x", undefined],
])("takes %j for %s", (name, meant) => {
  expect(nearestName(name, ["retention", "receivers", "log", "store"])).toBe(meant);
});
