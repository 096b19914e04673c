/** One thing the doctor looked at. */
export interface Check {
  /** One or two words. */
  readonly name: string;
  /** `note` is nothing wrong, but worth knowing; `skipped` could not be looked at. */
  readonly outcome: 'ok' | 'note' | 'failed' | 'skipped';
  readonly message: string;
  /** What to do, where something is to be done. */
  readonly advice?: string | undefined;
}

export interface DoctorOptions {
  /** As it was typed: it may lack its scheme, which is one of the things that are found. */
  readonly url: string;
  /** The Throughline API to read the span back from; found beside the receiver when it is not given. */
  readonly api?: string | undefined;
  /** A page's origin, to check that a browser would be let through. */
  readonly origin?: string | undefined;
  /** Sent with the span and the preflight, as a program would send them. */
  readonly headers: Readonly<Record<string, string>>;
  /** PEM of an authority to trust besides the public ones. */
  readonly ca?: string | undefined;
  /** What the program that has the trouble uses; without it either is fine. */
  readonly protocol?: 'http' | 'grpc' | undefined;
  readonly timeoutMs: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export const OK = (name: string, message: string): Check => ({ name, outcome: 'ok', message });
export const NOTE = (name: string, message: string, advice?: string): Check => ({
  name,
  outcome: 'note',
  message,
  advice,
});
export const FAILED = (name: string, message: string, advice?: string): Check => ({
  name,
  outcome: 'failed',
  message,
  advice,
});
export const SKIPPED = (name: string, message: string): Check => ({ name, outcome: 'skipped', message });
