import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react';

/*
 * Everything that can be done by key or from the palette is a command. A view registers its own while it is shown; the sheet of keys and the
 * palette are drawn from what is registered, so they cannot be wrong.
 */

export interface Command {
  readonly id: string;
  readonly group: 'Everywhere' | 'Search' | 'Logs' | 'SQL' | 'Trace';
  readonly label: string;
  /** `mod+k`, `/`, `?`, `F`, `ArrowDown`: `KeyboardEvent.key`, with `mod+` for Control or Command, `alt+` and `shift+` before named keys. */
  readonly keys?: readonly string[];
  /** Keys that are handled where they are pressed, such as arrows in a list; shown in the sheet only. */
  readonly local?: boolean;
  /** Works while typing in a field, too. */
  readonly whileTyping?: boolean;
  readonly hidden?: boolean;
  readonly run?: () => void;
}

interface Registry {
  readonly register: (commands: readonly Command[]) => () => void;
}

const RegistryContext = createContext<Registry | undefined>(undefined);
const CommandsContext = createContext<readonly Command[]>([]);

export function CommandsProvider({ children }: { readonly children: ReactNode }) {
  const [sets, setSets] = useState<readonly (readonly Command[])[]>([]);
  const commands = useMemo(() => sets.flat(), [sets]);
  const current = useRef(commands);
  current.current = commands;
  const registry = useMemo<Registry>(
    () => ({
      register: (added) => {
        setSets((before) => [...before, added]);
        return () => setSets((before) => before.filter((set) => set !== added));
      },
    }),
    [],
  );
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing) return;
      const pressed = keyName(event);
      const typing = isTyping(event.target);
      // The newest wins: a view may take a key from the frame.
      const command = current.current.findLast(
        (one) => one.run !== undefined && one.local !== true && one.keys?.includes(pressed) === true,
      );
      if (command === undefined || (typing && command.whileTyping !== true)) return;
      if (document.querySelector('[role="dialog"]') !== null && command.whileTyping !== true) return;
      event.preventDefault();
      command.run?.();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
  return (
    <RegistryContext value={registry}>
      <CommandsContext value={commands}>{children}</CommandsContext>
    </RegistryContext>
  );
}

export function useCommandList(): readonly Command[] {
  return useContext(CommandsContext);
}

/** Registers commands while the component is mounted. `commands` may change at every render; keys and labels should not. */
export function useCommands(commands: readonly Command[]): void {
  const registry = useContext(RegistryContext);
  const latest = useRef(commands);
  latest.current = commands;
  const shape = commands.map((command) => `${command.id}\t${command.label}`).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape stands for the commands; their actions are read when run
  useEffect(
    () =>
      registry?.register(
        latest.current.map((command) => ({
          ...command,
          run: () => latest.current.find((one) => one.id === command.id)?.run?.(),
        })),
      ),
    [registry, shape],
  );
}

function keyName(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>): string {
  const mod = event.ctrlKey || event.metaKey ? 'mod+' : '';
  const alt = event.altKey ? 'alt+' : '';
  const shift = event.shiftKey && (event.key.length > 1 || mod !== '') ? 'shift+' : '';
  const key = mod !== '' && event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return `${mod}${alt}${shift}${key}`;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'range'].includes(target.type);
}

const KEY_LABELS: Readonly<Record<string, string>> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Enter: 'Enter',
  Escape: 'Esc',
  ' ': 'Space',
};

/** `mod+k` as people see it on their keyboard. */
export function keyLabel(key: string): string {
  const mac = /Mac|iPhone|iPad/.test(navigator.platform);
  const bare = key.replace(/^mod\+/, '').replace(/^shift\+/, '');
  const shown = KEY_LABELS[bare] ?? (bare.length === 1 && key.startsWith('mod+') ? bare.toUpperCase() : bare);
  const capital = bare.length === 1 && /[A-Z]/.test(bare) && !key.startsWith('mod+');
  return [key.startsWith('mod+') ? (mac ? '⌘' : 'Ctrl') : '', key.includes('shift+') || capital ? 'Shift' : '', shown]
    .filter((part) => part !== '')
    .join(' ');
}
