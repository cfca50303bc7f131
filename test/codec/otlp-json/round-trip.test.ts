import fc from "fast-check";
import type protobuf from "protobufjs";
import { beforeAll, describe, expect, test } from "vitest";
import { utf8FromText } from "../../../src/base/utf8.ts";
import { otlpProtobufFromJson } from "../../../src/codec/otlp-json/decode.ts";
import { otlpJsonFromRows } from "../../../src/codec/otlp-json/encode.ts";
import { OtlpRequestDecoder } from "../../../src/codec/otlp-protobuf/request-decoder.ts";
import { corpusMissing, corpusRequests } from "../../helpers/corpus.ts";
import { encodeOtlpRequest, otlpRequestArbitrary } from "../../helpers/otlp-arbitrary.ts";
import {
  canonicalFromJson,
  canonicalFromProtobuf,
  jsonFromProtobuf,
  loadRequestType,
} from "../../helpers/otlp-canonical.ts";
import { allRows } from "../../helpers/rows.ts";

const RUNS = 150;
const decoder = new OtlpRequestDecoder();
let requestType: protobuf.Type;

beforeAll(async () => {
  requestType = await loadRequestType();
});

const fromOracle = (payload: Uint8Array) => canonicalFromProtobuf(requestType, payload);
const jsonOf = (payload: Uint8Array) => otlpJsonFromRows(allRows(decoder.decode(payload).batch));
const protobufOf = (json: string) => otlpProtobufFromJson(utf8FromText(json));

describe.skipIf(corpusMissing !== undefined)(`the recorded requests ${corpusMissing ?? ""}`, () => {
  test("say in JSON what they say in protobuf", () => {
    for (const payload of corpusRequests()) {
      expect(canonicalFromJson(JSON.parse(jsonOf(payload)))).toEqual(fromOracle(payload));
    }
  });

  test("come back from JSON, ours and the oracle's", () => {
    for (const payload of corpusRequests()) {
      const expected = fromOracle(payload);
      expect(fromOracle(protobufOf(jsonOf(payload)).payload)).toEqual(expected);
      expect(fromOracle(protobufOf(jsonFromProtobuf(requestType, payload)).payload)).toEqual(expected);
    }
  });
});

describe("random requests with every field of the protocol", () => {
  test("say in JSON what they say in protobuf, repeated attribute keys included", () => {
    fc.assert(
      fc.property(otlpRequestArbitrary({ repeatKeys: true }), (request) => {
        const payload = encodeOtlpRequest(requestType, request);
        expect(canonicalFromJson(JSON.parse(jsonOf(payload)))).toEqual(fromOracle(payload));
      }),
      { numRuns: RUNS },
    );
  });

  test("come back from our JSON, compact or indented", () => {
    fc.assert(
      fc.property(
        otlpRequestArbitrary({ repeatKeys: true }),
        fc.constantFrom(0, 2, "\t"),
        (request, indent) => {
          const payload = encodeOtlpRequest(requestType, request);
          const json = JSON.stringify(JSON.parse(jsonOf(payload)), null, indent);
          const { payload: again, lenientNames } = protobufOf(json);
          expect(fromOracle(again)).toEqual(fromOracle(payload));
          expect(lenientNames).toBe(0);
        },
      ),
      { numRuns: RUNS },
    );
  });

  test("come back from the oracle's JSON", () => {
    fc.assert(
      fc.property(otlpRequestArbitrary({ repeatKeys: true }), (request) => {
        const payload = encodeOtlpRequest(requestType, request);
        expect(fromOracle(protobufOf(jsonFromProtobuf(requestType, payload)).payload)).toEqual(
          fromOracle(payload),
        );
      }),
      { numRuns: RUNS },
    );
  });
});
