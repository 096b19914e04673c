import { type ButtonHTMLAttributes, type ReactNode, type Ref, useEffect, useRef, useState } from 'react';
import { serviceColour } from '../model/service-colour.js';
import styles from './controls.module.css';
import { Icon, type IconName } from './icon.js';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly ref?: Ref<HTMLButtonElement>;
  readonly look?: 'quiet' | 'framed' | 'main';
  readonly on?: boolean | undefined;
}

export function Button({ look = 'quiet', on, className, type = 'button', ...rest }: ButtonProps) {
  return (
    <button
      type={type}
      className={`${styles.button} ${className ?? ''}`}
      data-framed={look === 'framed' || undefined}
      data-main={look === 'main' || undefined}
      aria-pressed={on}
      {...rest}
    />
  );
}

/** A button that shows only an icon; its name is read aloud and shown on hover. */
export function IconButton({
  icon,
  label,
  ...rest
}: ButtonProps & { readonly icon: IconName; readonly label: string }) {
  return (
    <Button aria-label={label} title={label} data-icon {...rest}>
      <Icon name={icon} />
    </Button>
  );
}

/** Copies a text; says so for a moment. `text` may be fetched at the moment of the click. */
export function CopyButton({
  text,
  label,
  children,
  look,
  icon = 'copy',
}: {
  readonly text: string | (() => string | Promise<string>);
  readonly label: string;
  readonly children?: ReactNode;
  readonly look?: 'quiet' | 'framed' | 'main';
  readonly icon?: IconName;
}) {
  const [state, setState] = useState<'idle' | 'done' | 'failed'>('idle');
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async (): Promise<void> => {
    let done: 'done' | 'failed' = 'done';
    try {
      await writeClipboard(typeof text === 'string' ? text : await text());
    } catch {
      done = 'failed';
    }
    setState(done);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setState('idle'), 1_500);
  };
  const said = state === 'done' ? 'Copied' : state === 'failed' ? 'Could not copy' : label;
  return (
    <Button
      title={said}
      {...(look !== undefined && { look })}
      data-icon={children === undefined || undefined}
      onClick={() => void copy()}
    >
      <Icon name={state === 'done' ? 'check' : state === 'failed' ? 'warning' : icon} />
      <span className="visually-hidden">{label} </span>
      {children}
      <span className="visually-hidden" role="status">
        {state === 'idle' ? '' : said}
      </span>
    </Button>
  );
}

async function writeClipboard(text: string): Promise<void> {
  // Pages served over plain HTTP from another machine have no clipboard API; the old way still works there.
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const field = document.createElement('textarea');
  field.value = text;
  field.style.position = 'fixed';
  field.style.opacity = '0';
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  if (!done) throw new Error('copying was refused');
}

export function Swatch({ service }: { readonly service: string }) {
  return (
    <span data-colour className={styles.swatch} style={{ background: serviceColour(service) }} aria-hidden="true" />
  );
}

export function ServiceName({ service }: { readonly service: string }) {
  return (
    <span className={styles.service}>
      <Swatch service={service} />
      <span>{service}</span>
    </span>
  );
}

export function Kbd({ children }: { readonly children: ReactNode }) {
  return <kbd className={styles.kbd}>{children}</kbd>;
}

/** Fills a view that has nothing to show: what is the matter, and what to do. */
export function Notice({
  title,
  children,
  actions,
  role,
}: {
  readonly title: string;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
  readonly role?: 'alert' | 'status';
}) {
  return (
    <div className={styles.notice} role={role}>
      <h2>{title}</h2>
      {children}
      {actions !== undefined && <div className={styles.actions}>{actions}</div>}
    </div>
  );
}
