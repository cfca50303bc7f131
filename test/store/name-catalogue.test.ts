import { describe, expect, it } from "vitest";
import { NameCatalogue } from "../../src/store/name-catalogue.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { buildSpan } from "../helpers/trace-builder.ts";

function batchOfOperations(service: string, ...names: readonly string[]): ReturnType<typeof batchOf> {
  return batchOf(names.map((name, at) => buildSpan("t", { id: `${at}`, service, name, at: [0, 1] })));
}

describe("a catalogue of names", () => {
  it("lists a name once, whatever dictionary it comes with", async () => {
    const names = new NameCatalogue();
    names.addBatch(batchOfOperations("shop", "b", "a", "b"));
    names.addBatch(batchOfOperations("shop", "a", "c"));
    expect(await names.services()).toEqual(["shop"]);
    expect((await names.operations("shop")).map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(names).toMatchObject({ serviceCount: 1, operationCount: 3, refused: 0 });
  });

  it("keeps the kinds of one name apart and reads kinds from the future as unspecified", async () => {
    const names = new NameCatalogue();
    for (const kind of [3, 2, 9, 0, 3]) names.add("shop", "a", kind);
    expect((await names.operations("shop")).map(({ kind }) => kind)).toEqual([
      "CLIENT",
      "SERVER",
      "UNSPECIFIED",
    ]);
  });

  it("leaves out and counts what is over a limit, and goes on listing what it knows", async () => {
    const names = new NameCatalogue({ maxServices: 2, maxOperationsPerService: 2, maxOperations: 3 });
    names.addBatch(batchOfOperations("one", "a", "b", "c"));
    expect(names).toMatchObject({ operationCount: 2, refused: 1 });
    names.addBatch(batchOfOperations("two", "a", "b"));
    expect(names).toMatchObject({ operationCount: 3, refused: 2 });
    names.addBatch(batchOfOperations("three", "a"));
    names.addBatch(batchOfOperations("one", "a"));
    expect(names).toMatchObject({ serviceCount: 2, operationCount: 3, refused: 3 });
    expect(await names.services()).toEqual(["one", "two"]);
    expect(await names.operations("three")).toEqual([]);
  });
});
