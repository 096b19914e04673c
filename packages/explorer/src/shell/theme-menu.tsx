import { Menu } from '@base-ui/react/menu';
import { IconButton } from '../parts/controls.js';
import { Icon } from '../parts/icon.js';
import overlay from '../parts/overlay.module.css';
import { chooseTheme, type ThemeChoice, useThemeChoice } from '../parts/theme.js';

const CHOICES: readonly {
  readonly choice: ThemeChoice;
  readonly label: string;
  readonly icon: 'system' | 'moon' | 'sun';
}[] = [
  { choice: 'system', label: 'As the system', icon: 'system' },
  { choice: 'dark', label: 'Dark', icon: 'moon' },
  { choice: 'light', label: 'Light', icon: 'sun' },
];

export function ThemeMenu() {
  const choice = useThemeChoice();
  const icon = CHOICES.find((one) => one.choice === choice)?.icon ?? 'system';
  return (
    <Menu.Root>
      <Menu.Trigger render={<IconButton icon={icon} label="Colours" />} />
      <Menu.Portal>
        <Menu.Positioner className={overlay.positioner} align="end" sideOffset={6}>
          <Menu.Popup className={overlay.popup} style={{ padding: '4px 0' }}>
            <Menu.RadioGroup value={choice} onValueChange={(next: ThemeChoice) => chooseTheme(next)}>
              {CHOICES.map((one) => (
                <Menu.RadioItem key={one.choice} value={one.choice} className={overlay.item} closeOnClick>
                  <Icon name={one.icon} />
                  <span style={{ flex: 1 }}>{one.label}</span>
                  <span style={{ width: 14, display: 'flex' }}>{one.choice === choice && <Icon name="check" />}</span>
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
