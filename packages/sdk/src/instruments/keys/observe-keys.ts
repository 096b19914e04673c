import type { InstrumentHost } from '../../core/instrument.js';
import { type InteractionOptions, observeInteractions } from '../observe-interactions.js';

export interface KeyOptions extends InteractionOptions {
  /** Say which key it was, in `app.keyboard.key`. Never a character that was typed. Default `false`. */
  readonly key?: boolean | undefined;
  /** Further keys that are commands in this page, by their `KeyboardEvent.key` (`ArrowDown`), in fields for text as well. Default: none. */
  readonly commands?: readonly string[] | undefined;
}

/** Keys with a name type no character. What an input method composes has names of no key. */
const NAMED = /^(?!Dead$|Process$|Unidentified$)[A-Z]\w+$/;
const MODIFIERS = ['Control', 'Alt', 'Shift', 'Meta'];
const COMMANDS = /^(Enter|Escape|Delete|ContextMenu|F\d+)$/;
/** Of these, what changes the text while somebody writes. */
const EDITS = /^(Enter|Delete|ContextMenu)$/;
const FIELDS = 'textarea,input:not([type=button],[type=submit],[type=reset],[type=checkbox],[type=radio])';

/**
 * Keys that mean a command, each as a span named for the element that has the focus (`keydown #search`, else `keydown body`); what it
 * starts is below it, as below a click. A command is
 *
 * - Enter, Escape, Delete, the key of the context menu, F1 and so on, and what `commands` names;
 * - any key together with Control or Meta (⌘).
 *
 * Everything else is somebody writing and is not looked at: keys that type a character (with Shift, Alt or AltGr, too), what an input
 * method composes, and in a field for text whatever changes the text; Enter only where it sends a single line. A key that is held down counts
 * once.
 */
export function observeKeys(host: InstrumentHost, options: KeyOptions = {}): () => void {
  return observeInteractions(host, 'keydown', options, (event: KeyboardEvent, _, attributes) => {
    const { key, ctrlKey, metaKey, altKey } = event;
    // Password managers send events without a key.
    if (event.repeat || event.isComposing || !key || event.getModifierState('AltGraph')) return true;
    const named = NAMED.test(key) && !MODIFIERS.includes(key);
    // On some keyboards Control and Alt together are AltGr.
    const chord = (ctrlKey || metaKey) && (named || (key.length === 1 && !(ctrlKey && altKey)));
    const command =
      options.commands?.includes(key) || (COMMANDS.test(key) && !(EDITS.test(key) && isWriting(event, key)));
    if (!chord && !(named && command)) return true;
    attributes['app.keyboard.modifiers'] = MODIFIERS.filter((name) => event.getModifierState(name));
    if (options.key) attributes['app.keyboard.key'] = named ? key : key.toUpperCase();
    return false;
  });
}

function isWriting(event: Event, key: string): boolean {
  const target = event.composedPath()[0] as HTMLElement;
  if (key === 'Enter' && target.localName === 'input') return false;
  return target.isContentEditable || target.matches(FIELDS);
}
