export interface ShopOptions {
  /** OTLP over HTTP: where the servers and the page send their traces. */
  readonly collectorUrl: string;
  /** The shop's own; 0 for a free one. Default 4330. */
  readonly port?: number;
  /** A PostgreSQL of yours. Default `DATABASE_URL`, else one of our own. */
  readonly databaseUrl?: string | undefined;
  /** Where our own keeps its data. Default `.throughline/postgres` beside this file. */
  readonly dataDir?: string;
  /** `false`: without the Worker before the API. Default `true`. */
  readonly edge?: boolean;
  /** What the servers say. Default: standard error. */
  readonly onLine?: (line: string) => void;
}

/** Runs the shop: PostgreSQL, the payment service, the API and the Worker before it, each in a process of its own. Resolves once it is open. */
export function startShop(options: ShopOptions): Promise<{ readonly url: string; stop(): Promise<void> }>;
