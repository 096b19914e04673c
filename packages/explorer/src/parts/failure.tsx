import { RequestFailure } from '../client/api.js';
import { Button, Notice } from './controls.js';

/** A failed request in a view's place: what happened, what to do, and the way to try again. */
export function Failure({ error, retry }: { readonly error: Error; readonly retry?: (() => void) | undefined }) {
  const failure = error instanceof RequestFailure ? error : undefined;
  return (
    <Notice
      role="alert"
      title={failure?.message ?? error.message}
      actions={
        retry !== undefined && (
          <Button look="framed" onClick={retry}>
            Try again
          </Button>
        )
      }
    >
      {failure?.hint !== undefined && <p>{failure.hint}</p>}
    </Notice>
  );
}
