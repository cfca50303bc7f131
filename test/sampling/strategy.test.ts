import { describe, expect, it } from "vitest";
import { strategiesFromFile } from "../../src/sampling/strategy.ts";
import { parseStrategyFile } from "../../src/sampling/strategy-file.ts";

const strategies = (file: object) => strategiesFromFile(parseStrategyFile(JSON.stringify(file), "s.json"));
const operation = (name: string, param: number, type = "probabilistic") => ({ operation: name, type, param });
const sampled = (name: string, samplingRate: number) => ({
  operation: name,
  probabilisticSampling: { samplingRate },
});

const DEFAULT = {
  type: "probabilistic",
  param: 0.5,
  operation_strategies: [operation("/health", 0), operation("/cart", 0.2)],
};

describe("sampling strategies", () => {
  it("answer with a thousandth of the traces where the file says nothing", () => {
    const { defaultStrategy, byService } = strategies({});
    expect(JSON.stringify(defaultStrategy)).toBe(
      '{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0.001}}',
    );
    expect(byService.size).toBe(0);
    expect(parseStrategyFile("null", "s.json").serviceStrategies).toEqual([]);
  });

  it("are written with members in Jaeger's order, defaults and all", () => {
    expect(JSON.stringify(strategies({ default_strategy: DEFAULT }).defaultStrategy)).toBe(
      '{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0.5},"operationSampling":' +
        '{"defaultSamplingProbability":0.5,"defaultLowerBoundTracesPerSecond":0,"perOperationStrategies":' +
        '[{"operation":"/health","probabilisticSampling":{"samplingRate":0}},' +
        '{"operation":"/cart","probabilisticSampling":{"samplingRate":0.2}}],' +
        '"defaultUpperBoundTracesPerSecond":0}}',
    );
  });

  it("give a rate per second as a whole number", () => {
    const { defaultStrategy } = strategies({ default_strategy: { type: "ratelimiting", param: 5.9 } });
    expect(JSON.stringify(defaultStrategy)).toBe(
      '{"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":5}}',
    );
  });

  it("copy the default's operations to a service without any, which keeps its own rate", () => {
    const { byService } = strategies({
      default_strategy: DEFAULT,
      service_strategies: [
        { service: "shop", type: "probabilistic", param: 0.8 },
        { service: "bank", type: "ratelimiting", param: 5 },
      ],
    });
    const operations = [sampled("/health", 0), sampled("/cart", 0.2)];
    expect(byService.get("shop")).toMatchObject({
      probabilisticSampling: { samplingRate: 0.8 },
      operationSampling: { defaultSamplingProbability: 0.8, perOperationStrategies: operations },
    });
    expect(byService.get("bank")).toMatchObject({
      strategyType: "RATE_LIMITING",
      operationSampling: { defaultSamplingProbability: 0.5, perOperationStrategies: operations },
    });
  });

  it("let a service's own operations come first and win over the default's", () => {
    const own = {
      service: "shop",
      type: "ratelimiting",
      param: 5,
      operation_strategies: [operation("/cart", 1)],
    };
    const { byService } = strategies({ default_strategy: DEFAULT, service_strategies: [own] });
    expect(byService.get("shop")?.operationSampling).toEqual({
      defaultSamplingProbability: 0.001,
      defaultLowerBoundTracesPerSecond: 0,
      perOperationStrategies: [sampled("/cart", 1), sampled("/health", 0)],
      defaultUpperBoundTracesPerSecond: 0,
    });
  });

  it("leave out a rate per second of an operation, with a warning", () => {
    const own = { ...DEFAULT, operation_strategies: [operation("/cart", 3, "ratelimiting")] };
    const { defaultStrategy, warnings } = strategies({ default_strategy: own });
    expect(defaultStrategy.operationSampling?.perOperationStrategies).toEqual([]);
    expect(warnings).toEqual([
      "default_strategy.operation_strategies[0]: operations are sampled by probability only; this one is left out",
    ]);
  });

  it("fall back to a thousandth for a type nobody knows, with a warning", () => {
    const { byService, warnings } = strategies({
      service_strategies: [{ service: "shop", type: "odd", param: 1 }],
    });
    expect(byService.get("shop")).toMatchObject({ probabilisticSampling: { samplingRate: 0.001 } });
    expect(warnings).toEqual([
      expect.stringContaining(
        'service_strategies[0].type: expected probabilistic or ratelimiting, got "odd"',
      ),
    ]);
  });

  it.each([
    ['{\n  "default_strategy": {,\n}', "s.json:2: expected JSON: "],
    ['{"a": 1', "s.json:1: expected JSON: "],
    ["[]", "s.json:1: the file: expected an object, got []"],
    ['{\n\n"service_strategies": 5}', "s.json:3: service_strategies: expected a list, got 5"],
    [
      '{"service_strategies": [\n{"service": "a", "type": "probabilistic",\n"param": 50}]}',
      "s.json:3: service_strategies[0].param: expected a probability from 0 to 1, got 50",
    ],
    [
      '{"default_strategy":\n{"type": "ratelimiting", "param": -1}}',
      "s.json:2: default_strategy.param: expected traces per second, 0 to 2147483647, got -1",
    ],
    ['{"default_strategy": {"type": 7}}', "s.json:1: default_strategy.type: expected a string, got 7"],
  ])("refuse %j naming the line", (text, message) => {
    expect(() => parseStrategyFile(text, "s.json")).toThrow(message);
  });
});
