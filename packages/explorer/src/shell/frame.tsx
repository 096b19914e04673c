import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { RequestFailure } from '../client/api.js';
import { statusQuery } from '../client/queries.js';
import { fixedTime } from '../model/address.js';
import { type Command, useCommands } from '../parts/commands.js';
import { Button, CopyButton, IconButton, Kbd } from '../parts/controls.js';
import { Icon } from '../parts/icon.js';
import { useLastSearch } from '../parts/last-search.js';
import { useNow } from '../parts/now.js';
import { chooseTheme, currentTheme } from '../parts/theme.js';
import styles from './frame.module.css';
import { Mark } from './mark.js';
import { ThemeMenu } from './theme-menu.js';
import { TimeRangePicker } from './time-range-picker.js';

// Loaded when they are first opened.
const Palette = lazy(() => import('./palette.js').then((module) => ({ default: module.Palette })));
const KeysSheet = lazy(() => import('./keys-sheet.js').then((module) => ({ default: module.KeysSheet })));

/** What stands around every view: there at once, whatever the collector does. */
export function Frame() {
  const navigate = useNavigate();
  const { nowMs, live, held, refresh, setLive } = useNow();
  const [palette, setPalette] = useState(false);
  const [keys, setKeys] = useState(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const onSearch = path === '/';
  const ofTime = onSearch || path === '/logs' || path === '/metrics' || path === '/sql' || path.startsWith('/service/');
  const time = useRouterState({ select: (state) => state.location.search }) as Record<string, string | undefined>;
  const timeSearch = { last: time.last, from: time.from, to: time.to };

  const lastSearch = useLastSearch();
  const status = useQuery(statusQuery());

  const commands: Command[] = [
    {
      id: 'palette',
      group: 'Everywhere',
      label: 'Command palette',
      keys: ['mod+k', 'mod+shift+p'],
      whileTyping: true,
      hidden: true,
      run: () => setPalette(true),
    },
    { id: 'keys', group: 'Everywhere', label: 'Show all keys', keys: ['?'], run: () => setKeys(true) },
    {
      id: 'go-traces',
      group: 'Everywhere',
      label: 'Go to traces',
      run: () => void navigate({ to: '/', search: timeSearch }),
    },
    {
      id: 'go-logs',
      group: 'Everywhere',
      label: 'Go to logs',
      run: () => void navigate({ to: '/logs', search: timeSearch }),
    },
    {
      id: 'go-metrics',
      group: 'Everywhere',
      label: 'Go to metrics',
      run: () => void navigate({ to: '/metrics', search: timeSearch }),
    },
    {
      id: 'go-sql',
      group: 'Everywhere',
      label: 'Go to SQL',
      run: () => void navigate({ to: '/sql', search: timeSearch }),
    },
    {
      id: 'go-connect',
      group: 'Everywhere',
      label: 'Connect a program',
      run: () => void navigate({ to: '/connect', search: timeSearch }),
    },
    {
      id: 'theme',
      group: 'Everywhere',
      label: 'Switch between dark and light',
      keys: ['T'],
      run: () => chooseTheme(currentTheme() === 'dark' ? 'light' : 'dark'),
    },
  ];
  const searchCommands: Command[] = [
    { id: 'refresh', group: 'Search', label: 'Refresh', keys: ['r'], run: refresh },
    {
      id: 'live',
      group: 'Search',
      label: live ? 'Stop following live' : 'Follow live',
      keys: ['L'],
      run: () => setLive(!live),
    },
  ];
  useCommands(ofTime ? [...commands, ...searchCommands] : commands);

  return (
    <div className={styles.frame}>
      <a href="#view" className={styles.skip}>
        Skip to the view
      </a>
      <header className={styles.bar}>
        <Link to="/" search={timeSearch} className={styles.brand} aria-label="Throughline, all traces">
          <Mark />
          <span>Throughline</span>
        </Link>
        <nav aria-label="Views" className={styles.views}>
          <Link
            to="/"
            search={onSearch ? timeSearch : { ...timeSearch, ...lastSearch.current }}
            data-current={onSearch || path.startsWith('/trace/') || undefined}
            aria-current={onSearch ? 'page' : undefined}
          >
            Traces
          </Link>
          <Link to="/logs" search={timeSearch} data-current={path === '/logs' || undefined}>
            Logs
          </Link>
          <Link to="/metrics" search={timeSearch} data-current={path === '/metrics' || undefined}>
            Metrics
          </Link>
          <Link to="/sql" search={timeSearch} data-current={path === '/sql' || undefined}>
            SQL
          </Link>
          <Link to="/connect" search={timeSearch} data-current={path === '/connect' || undefined}>
            Connect
          </Link>
          {status.data?.tour !== undefined && (
            <Link to="/tour" search={timeSearch} data-current={path === '/tour' || undefined}>
              Tour
            </Link>
          )}
        </nav>
        <div className={styles.space} />
        {ofTime && (
          <>
            <TimeRangePicker />
            <IconButton icon="refresh" label="Refresh" onClick={refresh} />
            <CopyButton
              icon="link"
              text={() => fixedTime(location.href, nowMs)}
              label="Copy a link to this view, with its time as it stands now"
            />
            <Button
              on={live}
              onClick={() => setLive(!live)}
              className={styles.live ?? ''}
              title={held ? 'Waiting: scroll back to the top of the list to go on' : 'Follow what arrives'}
            >
              <span className={styles.dot} data-state={!live ? 'off' : held ? 'held' : 'on'} aria-hidden="true" />
              {live && held ? 'Live, waiting' : 'Live'}
            </Button>
            <span className={styles.rule} aria-hidden="true" />
          </>
        )}
        <Button onClick={() => setPalette(true)} className={styles.command ?? ''} title="Command palette">
          <Icon name="search" />
          <span className="visually-hidden">Command palette</span>
          <Kbd>{/Mac/.test(navigator.platform) ? '⌘ K' : 'Ctrl K'}</Kbd>
        </Button>
        <Button
          data-icon
          className={styles.keys ?? ''}
          aria-label="Show all keys"
          title="Show all keys (?)"
          onClick={() => setKeys(true)}
        >
          ?
        </Button>
        <ThemeMenu />
      </header>
      <Away />
      <main id="view" className={styles.view} tabIndex={-1}>
        <Outlet />
      </main>
      <Suspense>
        {palette && <Palette open onOpenChange={setPalette} />}
        {keys && <KeysSheet open onOpenChange={setKeys} />}
      </Suspense>
    </div>
  );
}

/** The collector is away, or its store is ill: said once, at the top, while what was loaded stays. */
function Away() {
  const status = useQuery(statusQuery());
  const { refresh } = useNow();
  const queries = useQueryClient();
  const away = status.error instanceof RequestFailure && status.error.away;
  const [wasAway, setWasAway] = useState(false);
  useEffect(() => {
    if (away) setWasAway(true);
    else if (wasAway && status.isSuccess) {
      setWasAway(false);
      refresh();
    }
  }, [away, wasAway, status.isSuccess, refresh]);
  // What found nobody and does not depend on the time, such as a trace, is asked again whenever somebody answers: an outage may be
  // shorter than the time between two looks.
  const answeredAt = status.dataUpdatedAt;
  useEffect(() => {
    if (answeredAt === 0) return;
    const foundNobody = (error: unknown): boolean => error instanceof RequestFailure && error.away;
    void queries.refetchQueries({ type: 'active', predicate: (query) => foundNobody(query.state.error) });
  }, [answeredAt, queries]);
  if (away) {
    return (
      <div className={styles.away} role="alert">
        <Icon name="warning" />
        <span>
          The collector at <code>{location.host}</code> does not answer. Is <code>throughline up</code> still running?
          Trying again every second; what you see is what was loaded before.
        </span>
      </div>
    );
  }
  if (status.data?.store.healthy === false) {
    return (
      <div className={styles.away} role="alert">
        <Icon name="warning" />
        <span>
          The store is not well: {status.data.store.message ?? 'no reason given'}. Spans are kept until it is.
        </span>
      </div>
    );
  }
  return null;
}
