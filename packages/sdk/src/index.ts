export { type Batch, batchIdKey, type Priority, type Signal } from './core/batch.js';
