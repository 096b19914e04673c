/** Names of severities, from the least; each stands for four numbers (`info`, `info2`, `info3`, `info4`). */
export const severityNames = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
