import { Dialog } from '@base-ui/react/dialog';
import { keyLabel, useCommandList } from '../parts/commands.js';
import { IconButton, Kbd } from '../parts/controls.js';
import overlay from '../parts/overlay.module.css';
import styles from './keys-sheet.module.css';

interface Props {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

/** All keys that work here and now, drawn from the commands themselves. */
export function KeysSheet({ open, onOpenChange }: Props) {
  const commands = useCommandList().filter((command) => command.keys !== undefined && command.keys.length > 0);
  const groups = [...new Set(commands.map((command) => command.group))].sort();
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className={overlay.backdrop} />
        <Dialog.Popup className={overlay.dialog} style={{ width: 'min(760px, calc(100vw - 24px))' }}>
          <div className={styles.head}>
            <Dialog.Title className={styles.title}>Keys</Dialog.Title>
            <Dialog.Close render={<IconButton icon="close" label="Close" />} />
          </div>
          <div className={styles.groups}>
            {groups.map((group) => (
              <section key={group}>
                <h3>{group}</h3>
                <dl>
                  {commands
                    .filter((command) => command.group === group)
                    .map((command) => (
                      <div key={command.id} className={styles.line}>
                        <dt>{command.label}</dt>
                        <dd>
                          {command.keys?.map((key) => (
                            <Kbd key={key}>{keyLabel(key)}</Kbd>
                          ))}
                        </dd>
                      </div>
                    ))}
                </dl>
              </section>
            ))}
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
