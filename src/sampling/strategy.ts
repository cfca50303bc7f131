/** What remote sampling answers, and how the file of strategies becomes it. */

/** A share of the traces, 0 to 1. */
export interface ProbabilisticSampling {
  readonly samplingRate: number;
}

/** The strategy of one operation. */
export interface OperationSampling {
  readonly operation: string;
  readonly probabilisticSampling: ProbabilisticSampling;
}

/** The strategies of a service's operations. The bounds are there for clients to read; a file cannot set them. */
export interface PerOperationSampling {
  readonly defaultSamplingProbability: number;
  readonly defaultLowerBoundTracesPerSecond: 0;
  readonly perOperationStrategies: readonly OperationSampling[];
  readonly defaultUpperBoundTracesPerSecond: 0;
}

/** One answer; members in the order in which clients are sent them. */
export type SamplingStrategy = (
  | { readonly strategyType: "PROBABILISTIC"; readonly probabilisticSampling: ProbabilisticSampling }
  | {
      readonly strategyType: "RATE_LIMITING";
      readonly rateLimitingSampling: { readonly maxTracesPerSecond: number };
    }
) & { readonly operationSampling?: PerOperationSampling };

/** A strategy as the file has it. */
export interface StrategyEntry {
  /** "probabilistic" or "ratelimiting"; any other word stands for the default rate. */
  readonly type: string;
  readonly param: number;
}

/** A service, or the default, as the file has it. */
export interface ServiceEntry extends StrategyEntry {
  readonly service: string;
  readonly operationStrategies: readonly (StrategyEntry & { readonly operation: string })[];
}

/** The file. */
export interface StrategyFile {
  readonly defaultStrategy: ServiceEntry | undefined;
  readonly serviceStrategies: readonly ServiceEntry[];
}

/** What to answer. */
export interface Strategies {
  readonly defaultStrategy: SamplingStrategy;
  readonly byService: ReadonlyMap<string, SamplingStrategy>;
  /** What the file says and nobody can be told, one sentence each. */
  readonly warnings: readonly string[];
}

/** The rate of whom the file says nothing about: Jaeger's. */
const DEFAULT_RATE = 0.001;

/**
 * Merges the entries of the file. Operations of the default strategy hold for every service; a service's own come first
 * and win, and a service without any keeps its own rate for those not listed. Operations are sampled by probability
 * only: rates per second are left out of their list.
 */
export function strategiesFromFile({ defaultStrategy, serviceStrategies }: StrategyFile): Strategies {
  const warnings: string[] = [];
  const fallback =
    defaultStrategy === undefined
      ? probabilistic(DEFAULT_RATE)
      : strategyOf(defaultStrategy, "default_strategy", warnings);
  const byService = new Map<string, SamplingStrategy>();
  for (const [index, entry] of serviceStrategies.entries()) {
    const own = strategyOf(entry, `service_strategies[${index}]`, warnings);
    byService.set(entry.service, withDefaults(own, fallback.operationSampling));
  }
  return { defaultStrategy: fallback, byService, warnings };
}

function strategyOf(entry: ServiceEntry, path: string, warnings: string[]): SamplingStrategy {
  const strategy = plainStrategyOf(entry, path, warnings);
  if (entry.operationStrategies.length === 0) return strategy;
  const perOperationStrategies: OperationSampling[] = [];
  for (const [index, each] of entry.operationStrategies.entries()) {
    const at = `${path}.operation_strategies[${index}]`;
    const own = plainStrategyOf(each, at, warnings);
    if (own.strategyType === "PROBABILISTIC") {
      const { probabilisticSampling } = own;
      perOperationStrategies.push({ operation: each.operation, probabilisticSampling });
    } else warnings.push(`${at}: operations are sampled by probability only; this one is left out`);
  }
  const rate = rateOf(strategy) ?? DEFAULT_RATE;
  return { ...strategy, operationSampling: perOperation(rate, perOperationStrategies) };
}

function plainStrategyOf({ type, param }: StrategyEntry, path: string, warnings: string[]): SamplingStrategy {
  if (type === "probabilistic") return probabilistic(param);
  if (type === "ratelimiting") {
    return {
      strategyType: "RATE_LIMITING",
      rateLimitingSampling: { maxTracesPerSecond: Math.trunc(param) },
    };
  }
  warnings.push(
    `${path}.type: expected probabilistic or ratelimiting, got ${JSON.stringify(type)}; ${DEFAULT_RATE} of the traces are sampled`,
  );
  return probabilistic(DEFAULT_RATE);
}

function withDefaults(own: SamplingStrategy, defaults: PerOperationSampling | undefined): SamplingStrategy {
  if (defaults === undefined) return own;
  const { operationSampling } = own;
  if (operationSampling === undefined) {
    const rate = rateOf(own) ?? defaults.defaultSamplingProbability;
    return { ...own, operationSampling: perOperation(rate, defaults.perOperationStrategies) };
  }
  const mine = operationSampling.perOperationStrategies;
  const known = new Set(mine.map(({ operation }) => operation));
  const others = defaults.perOperationStrategies.filter(({ operation }) => !known.has(operation));
  return {
    ...own,
    operationSampling: perOperation(operationSampling.defaultSamplingProbability, [...mine, ...others]),
  };
}

function perOperation(
  rate: number,
  perOperationStrategies: readonly OperationSampling[],
): PerOperationSampling {
  return {
    defaultSamplingProbability: rate,
    defaultLowerBoundTracesPerSecond: 0,
    perOperationStrategies,
    defaultUpperBoundTracesPerSecond: 0,
  };
}

function probabilistic(samplingRate: number): SamplingStrategy {
  return { strategyType: "PROBABILISTIC", probabilisticSampling: { samplingRate } };
}

function rateOf(strategy: SamplingStrategy): number | undefined {
  return strategy.strategyType === "PROBABILISTIC" ? strategy.probabilisticSampling.samplingRate : undefined;
}
