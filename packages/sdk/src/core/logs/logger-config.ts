import type { InstrumentationScope } from '../trace/readable-span.js';

/** What a logger takes at all (specification "LoggerConfig"). */
export interface LoggerConfig {
  /** Nothing. Default `false`. */
  readonly disabled: boolean;
  /** Of records that say how severe they are, those of this severity and more. Default 0: all. */
  readonly minimumSeverity: number;
  /** Nothing that belongs to a span which is not sampled. Default `false`. */
  readonly traceBased: boolean;
}

/** Asked once for each logger; what it leaves out has its default (specification "LoggerConfigurator"). */
export type LoggerConfigurator = (scope: InstrumentationScope) => Partial<LoggerConfig> | undefined;

export const defaultLoggerConfig: LoggerConfig = { disabled: false, minimumSeverity: 0, traceBased: false };
