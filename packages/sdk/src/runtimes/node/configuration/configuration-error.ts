/** One thing that is wrong in a configuration: where, what, and what to do. */
export interface ConfigurationProblem {
  /** Counted from 1; absent where the model did not come from a file. */
  readonly line?: number | undefined;
  /** `tracer_provider.processors[0].batch`; empty for the file itself. */
  readonly path: string;
  readonly message: string;
}

/** A configuration that cannot be used. `message` has a line for each problem, with file and line. */
export class ConfigurationError extends Error {
  readonly file: string | undefined;
  readonly problems: readonly ConfigurationProblem[];

  constructor(file: string | undefined, problems: readonly ConfigurationProblem[]) {
    super(problems.map((problem) => describe(file, problem)).join('\n'));
    this.name = 'ConfigurationError';
    this.file = file;
    this.problems = problems;
  }
}

function describe(file: string | undefined, { line, path, message }: ConfigurationProblem): string {
  const where = [file, line].filter((part) => part !== undefined).join(':');
  return [where, [path, message].filter(Boolean).join(' ')].filter(Boolean).join(': ');
}
