import type { ReactNode } from 'react';
import { RequestFailure } from '../client/api.js';
import { Button, Notice } from './controls.js';

/** A failed request in a view's place: what happened, what to do, and the way to try again. */
export function Failure({
  error,
  retry,
  children,
}: {
  readonly error: Error;
  readonly retry?: (() => void) | undefined;
  /** Further ways on, beside trying again. */
  readonly children?: ReactNode;
}) {
  const failure = error instanceof RequestFailure ? error : undefined;
  return (
    <Notice
      role="alert"
      title={failure?.message ?? error.message}
      actions={
        <>
          {/* What is wrong with the question stays wrong. */}
          {retry !== undefined && failure?.status !== 400 && (
            <Button look="framed" onClick={retry}>
              Try again
            </Button>
          )}
          {children}
        </>
      }
    >
      {failure?.hint !== undefined && <p>{failure.hint}</p>}
    </Notice>
  );
}
