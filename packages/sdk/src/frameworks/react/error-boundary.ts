import type { Context, Exception } from '@opentelemetry/api';
import { Component, type ErrorInfo, type ReactNode } from 'react';
import { registeredContext } from '../../core/otel-api.js';
import { currentTelemetry } from '../../core/telemetry-global.js';

export interface ErrorBoundaryProps {
  readonly children?: ReactNode;
  /** Shown in place of the children that failed; a function is given the error, and how to try the children again. Default: nothing. */
  readonly fallback?: ReactNode | ((error: unknown, reset: () => void) => ReactNode);
  /** Says which part of the page it is: `react.error_boundary` of the span. */
  readonly name?: string | undefined;
  /** Told of each error after it was recorded; `componentStack` as React writes it. */
  readonly onError?: ((error: unknown, componentStack: string) => void) | undefined;
}

interface State {
  readonly failed?: { readonly error: unknown; readonly context: Context | undefined } | undefined;
}

const ERROR_STATUS = 2;

/**
 * What a component throws while React renders it or runs its effects, as a span `component error` with the exception's event, and with the
 * components it happened in as `react.component_stack`; in the context of what the person was doing. Without telemetry it only shows the fallback.
 *
 * Errors of event handlers and behind an `await` are none of React's: `observeErrors` sees them.
 */
export class ErrorBoundary extends Component<ErrorBoundaryProps, State> {
  override state: State = {};

  static getDerivedStateFromError(error: unknown): State {
    return { failed: { error, context: registeredContext()?.active() } };
  }

  override componentDidCatch(error: unknown, { componentStack }: ErrorInfo): void {
    const { name, onError } = this.props;
    const stack = componentStack ?? '';
    record(error, stack, name, this.state.failed?.context);
    onError?.(error, stack);
  }

  override render(): ReactNode {
    const { failed } = this.state;
    const { children, fallback } = this.props;
    if (!failed) return children;
    return typeof fallback === 'function'
      ? fallback(failed.error, () => this.setState({ failed: undefined }))
      : fallback;
  }
}

function record(error: unknown, componentStack: string, boundary: string | undefined, context?: Context): void {
  try {
    const { name, message } = error instanceof Error ? error : { name: typeof error, message: String(error) };
    const span = currentTelemetry()?.tracer.startSpan(
      'component error',
      {
        attributes: {
          'error.type': name,
          'react.component_stack': componentStack,
          ...(boundary !== undefined && { 'react.error_boundary': boundary }),
        },
      },
      context,
    );
    span?.recordException(error instanceof Error ? error : ({ name, message } satisfies Exception));
    span?.setStatus({ code: ERROR_STATUS, message }).end();
  } catch {
    // What was thrown cannot be read (Object.create(null)): the fallback is shown all the same.
  }
}
