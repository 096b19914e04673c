import type { InstrumentHost } from '../../core/instrument.js';
import { type InteractionOptions, observeInteractions } from '../observe-interactions.js';

export interface ClickOptions extends InteractionOptions {
  /** Where the pointer was, in CSS pixels of the window. Default `false`. */
  readonly position?: boolean | undefined;
  /** `data-…` attributes of the element to record, by the names they have in `dataset` (`productId`). Default: none. */
  readonly dataset?: readonly string[] | undefined;
}

/**
 * Every click as a span, named for the element (`click #buy`, else `click button`); what it starts is below it. What is recorded is which
 * element, not what is in it: no text, no value.
 */
export const observeClicks = (host: InstrumentHost, options: ClickOptions = {}): (() => void) =>
  observeInteractions(host, 'click', options, (event: MouseEvent, element, attributes) => {
    if (options.position) {
      attributes['app.screen.coordinate.x'] = event.clientX;
      attributes['app.screen.coordinate.y'] = event.clientY;
    }
    for (const name of options.dataset ?? []) {
      // What the element does not have is `undefined`, and so no attribute.
      attributes[`app.widget.data.${name}`] = (element as HTMLElement).dataset?.[name];
    }
  });
