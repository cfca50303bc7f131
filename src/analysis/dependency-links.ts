/** Service dependency links of one trace (design: nearest remote ancestor, messaging, databases, uninstrumented peers). */

/** What kind of call an edge stands for. */
export type DependencyType = "rpc" | "messaging" | "database" | "virtual_node";

/** Calls from one node of the dependency graph to another. */
export interface DependencyLink {
  readonly fromService: string;
  readonly toService: string;
  readonly callCount: number;
  /** Calls of which either side has status ERROR. */
  readonly errorCount: number;
  readonly type: DependencyType;
}
