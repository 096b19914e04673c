import type { TracerProvider } from '@opentelemetry/api';

/** An instance of an OpenTelemetry instrumentation package, as far as it is touched here. Every released version is one. */
export interface Instrumentation {
  readonly instrumentationName: string;
  enable(): void;
  disable(): void;
  setTracerProvider(provider: TracerProvider): void;
  /** Node instrumentations: which modules it patches. Newer versions only. */
  getModuleDefinitions?(): readonly { readonly name: string }[];
}
