import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { useEffect, useState } from 'react';
import { createComponentSpan } from './component-span.js';

export interface ComponentSpanOptions {
  /** As they are when the component is shown, and whenever it was rendered again while the span is open. */
  readonly attributes?: Attributes | undefined;
  /**
   * When the span ends. `shown`: when React has put the component into the page and its effects run. `unmounted`: when it is taken out, or hidden by
   * an `Activity`; a page that is left while the component is there loses such a span. Default `shown`.
   */
  readonly until?: 'shown' | 'unmounted' | undefined;
}

/** What a component can say about its span. Before the span begins it is kept for it, after its end it does nothing. */
export interface ComponentSpan {
  setAttribute(key: string, value: AttributeValue): ComponentSpan;
  addEvent(name: string, attributes?: Attributes): ComponentSpan;
}

/**
 * A span for this component, from its first rendering on, in the context in which that happened (the click that led to it, the page's
 * load). Nothing is recorded while rendering, so what React renders twice (`StrictMode`) or throws away (a transition that was overtaken,
 * a suspended component) has one span or none.
 */
export function useSpan(name: string, { attributes, until = 'shown' }: ComponentSpanOptions = {}): ComponentSpan {
  const [span] = useState(() => createComponentSpan(name));
  useEffect(() => {
    span.describe(attributes);
  });
  useEffect(() => {
    span.mounted(until === 'unmounted');
    return () => span.unmounted();
  }, [span, until]);
  return span;
}
