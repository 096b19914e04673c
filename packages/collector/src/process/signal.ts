export type Signal = 'traces' | 'metrics' | 'logs';
