import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { RequestFailure } from './client/api.js';
import { onTraceDropped, warmTraceWorker } from './client/trace-store.js';
import { CommandsProvider } from './parts/commands.js';
import { LastSearchProvider } from './parts/last-search.js';
import { NowProvider } from './parts/now.js';
import { applyTheme, followSystemTheme } from './parts/theme.js';
import { router } from './shell/router.js';

applyTheme();
followSystemTheme();

const queries: QueryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // What is asked about a fixed stretch of time does not change by itself; the views refresh by moving "now".
      staleTime: 60_000,
      gcTime: 60_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => {
        const away = error instanceof RequestFailure && error.away;
        // The frame says at once that nobody answers, and not at its next look.
        if (away && failures === 0) void queries.refetchQueries({ queryKey: ['status'] });
        return away && failures < 60;
      },
      retryDelay: (failures) => Math.min(1_000 * 2 ** failures, 5_000),
      networkMode: 'always',
    },
  },
});
onTraceDropped((traceId) => queries.removeQueries({ queryKey: ['trace', traceId] }));

const start = (): void => {
  warmTraceWorker();
  void import('./views/trace/trace-view.js');
};
if ('requestIdleCallback' in window) requestIdleCallback(start, { timeout: 2_000 });
else setTimeout(start, 300);

createRoot(document.getElementById('app')!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <NowProvider>
        <CommandsProvider>
          <LastSearchProvider>
            <RouterProvider router={router} />
          </LastSearchProvider>
        </CommandsProvider>
      </NowProvider>
    </QueryClientProvider>
  </StrictMode>,
);
